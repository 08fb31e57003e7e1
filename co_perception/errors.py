# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The one error family of the package.

Every message says where, what was expected, what came, and what to do next.
"""

__all__ = [
    "CoPerceptionError",
    "ConfigError",
    "DependencyError",
    "ShapeError",
    "SourceError",
    "StreamError",
    "WeightsError",
]


class CoPerceptionError(Exception):
    """Base of every error that this package raises on purpose."""


class ShapeError(CoPerceptionError, ValueError):
    """An array has the wrong shape, dtype, joint count or channel count."""


class ConfigError(CoPerceptionError, ValueError):
    """A parameter, option or configuration file is wrong or does not fit the rest."""


class WeightsError(CoPerceptionError):
    """A checkpoint or model folder is missing, damaged, hostile or does not fit."""


class StreamError(CoPerceptionError):
    """A stream, its state or its time stamps cannot be used as asked."""


class SourceError(CoPerceptionError):
    """A camera, video file, image folder or stream URL cannot be opened or read."""


class DependencyError(CoPerceptionError, ImportError):
    """An optional library is missing; the message names the command that installs it."""
