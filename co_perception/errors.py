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
    "StepError",
    "StreamError",
    "WeightsError",
]


class CoPerceptionError(Exception):
    """Base of every error that this package raises on purpose.

    Attributes:
        layer_path: Of the layer inside a network that raised it, such as "block3.conv"; or empty.
    """

    layer_path = ""

    def add_parent(self, name: str) -> None:
        """Say that the layer is a part of one with this name."""
        self.layer_path = f"{name}.{self.layer_path}" if self.layer_path else name

    def __str__(self) -> str:
        message = super().__str__()
        return f"'{self.layer_path}': {message}" if self.layer_path else message


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


class StepError(CoPerceptionError, RuntimeError):
    """A backend could not do a step, as for lack of memory; the rows of this step begin anew."""


class DependencyError(CoPerceptionError, ImportError):
    """An optional library is missing; the message names the command that installs it."""
