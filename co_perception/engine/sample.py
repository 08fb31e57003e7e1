# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The contracts between what a caller gives at an image's stamp and what the network is fed.

item  -- Intake.to_sample -->  sample  -- SampleTrack -->  tick  -- Feeder.step -->  frame
a skeleton, an image           at the image's stamp        at the model's rate
"""

from __future__ import annotations

import abc
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Reason

__all__ = ["Feeder", "Intake", "Sample"]

_S = TypeVar("_S", bound="Sample")


class Sample(Protocol):
    """What is known of a stream at the stamp of an image."""

    @property
    def stamp_ns(self) -> int:
        """The time that this is for."""

    def between(self: _S, later: _S, stamp_ns: int) -> _S:
        """Return what stands at a time from this sample to a later one.

        Either one of the two as it is, which then is all that the answer rests on, or a new one
        that rests on both.
        """


class Feeder(abc.ABC):
    """Makes the frames of one stream; may remember the one before."""

    @abc.abstractmethod
    def step(self, sample: Any) -> NDArray[np.float32]:
        """Return the next frame that the network gets, of its step shape."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Forget the frames before: the next one begins a stream."""


class Intake(abc.ABC):
    """One kind of input: checks what callers give, and makes feeders.

    Attributes:
        is_per_camera: Whether every stream is a camera of its own. An image that is older than
            another camera's is then no straggler of its own stream.
    """

    is_per_camera = False

    @abc.abstractmethod
    def to_sample(self, item: Any, stamp_ns: int) -> Sample | Reason:
        """Return an item as a sample that owns its memory, or the reason why it is of no use.

        Raises:
            ConfigError, ShapeError: If the item is not what the model takes.
        """

    @abc.abstractmethod
    def make_feeder(self) -> Feeder:
        """Return what makes the frames of a new stream."""
