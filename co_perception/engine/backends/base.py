# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a step backend is: one network, and a resident state with a fixed number of rows."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import CoPerceptionError, ShapeError, StepError, StreamError

__all__ = ["State", "StepBackend", "check_state"]

State = Mapping[str, NDArray[np.generic]]
"""A saved state: one array per state tensor, by the network's names; axis 0 is the row. All
backends use the same names, so that a state saved by one can go on in another."""


class StepBackend(abc.ABC):
    """A network that steps rows of a state which it keeps.

    The only part of the package that works in place: `step` and `reset` change the state, and the
    arrays that `step` returns are overwritten by the next call. One thread at a time.

    Attributes:
        name: The backend's name.
        device: Where it steps.
        precision: What it computes in. Frames and logits, and states that are saved, are float32.
        rows: Rows of the state.
        step_shape: Shape of a frame without the row axis, such as (channels, joints).
        classes: Logits per row.
        batching: How rows step, and why, in words.
    """

    name: str
    batching: str = "rows step as one batch"
    device: str = "cpu"
    precision: str = "fp32"
    rows: int
    step_shape: tuple[int, ...]
    classes: int

    def step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Advance the first n rows by one frame; the rows after them stand still.

        Args:
            frames: (n, *step_shape) float32 with n <= rows.
            update: (n,) bool; rows that are False keep their state bit for bit.

        Returns:
            Logits (n, K) float32, and valid (n,) bool: False for rows that are not updated, are
            still in their delay, or have no output at this frame of their stride.

        Raises:
            ShapeError: If shapes or dtypes differ from these.
            StreamError: If the frame of a row that is updated holds a number that is not finite:
                it would stay in the row's state for the whole receptive field.
            StepError: If the runtime fails, as for lack of memory: the rows that were to step
                begin anew, since nobody knows what was written; the others keep their state bit
                for bit. After the other errors the state of every row is as before.
        """
        n = len(frames)
        shape = (n, *self.step_shape)
        if frames.shape != shape or frames.dtype != np.float32 or not 0 < n <= self.rows:
            raise ShapeError(
                f"Backend '{self.name}': expected frames (1..{self.rows}, "
                f"{', '.join(map(str, self.step_shape))}) float32, got {frames.shape} "
                f"{frames.dtype}."
            )
        if update.shape != (n,) or update.dtype != np.bool_:
            raise ShapeError(
                f"Backend '{self.name}': expected update ({n},) bool, one per frame, "
                f"got {update.shape} {update.dtype}."
            )
        self._check_finite(frames, update)
        try:
            return self._step(frames, update)
        except CoPerceptionError:
            raise
        except Exception as error:  # runtimes raise classes of their own
            stepping = np.flatnonzero(update)
            self.reset(stepping)
            raise StepError(
                f"Backend '{self.name}' on {self.device} in {self.precision}: a step of "
                f"{len(stepping)} of {self.rows} rows failed ({_first_line(error)}); these rows "
                "begin anew, the others keep their state. "
                f"The states take {self.state_bytes / 1e6:.1f} MB: where memory is short, lower "
                "max_streams, take a smaller model, or end what else runs on the device."
            ) from error

    def _check_finite(self, frames: NDArray[np.float32], update: NDArray[np.bool_]) -> None:
        if np.isfinite(frames).all():
            return
        finite = np.isfinite(frames.reshape(len(frames), -1)).all(axis=1)
        rows = np.flatnonzero(update & ~finite)
        if len(rows):
            raise StreamError(
                f"Backend '{self.name}': expected finite frames, got NaN or infinity in rows "
                f"{', '.join(map(str, rows))}; no row was stepped. Leave such rows out "
                "(update=False), or fill what is missing as the model was trained."
            )

    @abc.abstractmethod
    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Advance the first rows; the arguments were checked."""

    @property
    @abc.abstractmethod
    def state_bytes(self) -> int:
        """Bytes of the state of all rows, with all buffers that hold it."""

    @abc.abstractmethod
    def reset(self, rows: Iterable[int]) -> None:
        """Make rows cold, in place."""

    @abc.abstractmethod
    def save_state(self) -> dict[str, NDArray[np.generic]]:
        """Return a copy of the whole state."""

    @abc.abstractmethod
    def restore_state(self, state: State) -> None:
        """Go on from a saved state, of this or another backend of the same network.

        Raises:
            StreamError: If tensors are missing or extra.
            ShapeError: If a tensor has another shape or dtype.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of network and state; closing twice is fine."""


def _first_line(error: Exception) -> str:
    """Return what a runtime says, without its stack."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def check_state(state: State, expected: State) -> None:
    """Raise unless a state has the expected names, shapes and dtypes."""
    missing, extra = sorted(set(expected) - set(state)), sorted(set(state) - set(expected))
    if missing or extra:
        raise StreamError(
            f"restore_state: expected the tensors of this model; missing {missing}, extra "
            f"{extra}; was the state saved by another model?"
        )
    for name, own in expected.items():
        given = state[name]
        if given.shape != own.shape or given.dtype != own.dtype:
            raise ShapeError(
                f"restore_state: '{name}': expected {own.shape} {own.dtype}, got {given.shape} "
                f"{given.dtype}; was the state saved with another number of streams?"
            )
