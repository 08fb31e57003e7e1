# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Two branches and a choice between them, made row by row or before the numbers are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor

from co_perception.continual.containers import parts_of_chain, step_chain
from co_perception.continual.delay import Delay
from co_perception.continual.lines import Lines
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.reduction import reduced_shape
from co_perception.continual.state import LayerState, rows_like
from co_perception.continual.timing import Tick
from co_perception.errors import ConfigError, ShapeError

__all__ = ["Conditional"]

RowPredicate: TypeAlias = Callable[[Tensor], Tensor]
StaticPredicate: TypeAlias = Callable[[ContinualModule, tuple[int, ...]], bool]


class Conditional(Lines):
    """One of two branches, chosen for each row and frame, or for all of them beforehand.

    Per row: both branches run on all frames, and output i is the first one's where the predicate
    holds for frame i * time_stride, else the second one's. What is chosen never changes a state,
    so streams stay exact whatever the predicate says. A predicate looks at one frame (B, C, ...);
    where padding makes outputs that have no frame of their own, it counts as False.

        frame        0  1  2  3  4          delay 1: the answer to frame 2 leaves at step 3,
        predicate    T  T  F  T  F          and so does its choice
        output       -  a0 a1 b2 a3

    Static: a bool, or with `static=True` a function of this module and the frame's shape (such as
    `lambda module, shape: not module.training`). Only the chosen branch runs, and the state of the
    other stands still; a choice that changes in mid-stream meets what that branch last saw.

    A Python decision on the numbers of a frame is refused: rows may differ, and neither an
    exported step nor a clip could follow it.

    Args:
        predicate: (B, C, ...) -> (B,) bool tensor; or a bool; or a function as above.
        on_true: The branch where the predicate holds.
        on_false: The other one; None: the input itself. Both must give clips of one length and
            frames of one shape; they are kept in step by delays.
        static: Whether the predicate is decided before the numbers are known.

    Raises:
        ConfigError: If the branches cannot be aligned, or if the predicate is neither.
    """

    def __init__(
        self,
        predicate: bool | RowPredicate | StaticPredicate,
        on_true: ContinualModule,
        on_false: ContinualModule | None = None,
        *,
        static: bool = False,
    ) -> None:
        super().__init__()
        if not callable(predicate) and not isinstance(predicate, bool):
            raise ConfigError(
                f"Conditional: the predicate must be a bool or a function, got {predicate!r}"
            )
        self.predicate, self.static = predicate, static or isinstance(predicate, bool)
        self._set_branches(
            [("on_true", on_true), ("on_false", Identity() if on_false is None else on_false)]
        )
        if not self.static:
            self._add("choice", Delay(self._time.delay))

    def forward(self, x: Tensor) -> Tensor:
        """Choose between the branches' clip forwards."""
        if self.static:
            branch: ContinualModule = getattr(self, self._chosen((x.shape[1], *x.shape[3:])))
            y: Tensor = branch(x)
            return y
        yes, no = self._clip_outputs([x, x])
        frames = x.transpose(1, 2).flatten(0, 1)
        choice = torch.unflatten(self._choose(frames), 0, (x.shape[0], x.shape[2]))
        choice = choice[:, :: self.time_stride]
        blank = choice.new_zeros((x.shape[0], max(0, yes.shape[2] - choice.shape[1])))
        choice = torch.cat([choice, blank], dim=1)[:, : yes.shape[2]]
        return torch.where(choice.reshape(len(x), 1, -1, *(1,) * (yes.dim() - 3)), yes, no)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the branches' shape."""
        return reduced_shape(self._shapes([shape, shape]), "sum", "Conditional")

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold states of both branches and of the choices to come."""
        states = self._init_lines([frame, frame])
        if not self.static and self.delay:
            states["choice"] = self._choice.init_layers(frame.new_zeros((frame.shape[0], 1)))
        return states

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        if self.static:
            line = self._line(self._chosen(tuple(x.shape[1:])))
            y, states, after = step_chain(line, x, layers, tick)
            return y, {**layers, **states} if isinstance(layers, dict) else states, after
        (yes, no), states, after = self._step_lines([x, x], layers, tick)
        chosen = self._choose(x).to(x.dtype).unsqueeze(1)
        if tick.end:  # there is no frame any more
            chosen = torch.zeros_like(chosen)
        chosen, kept, _ = step_chain([("choice", self._choice)], chosen, layers, tick)
        y = torch.where(rows_like(chosen[:, 0] > 0, yes), yes, no)
        return y, {**states, **kept}, after

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk the operators that run."""
        chosen = [self._chosen(shape)] if self.static else self._names
        for key in chosen:
            yield from parts_of_chain(self._line(key), name, shape, stride)

    @property
    def _choice(self) -> Delay:
        return self.get_submodule("choice")  # type: ignore[return-value]

    def _choose(self, frames: Tensor) -> Tensor:
        """Return the predicate of frames (N, C, ...), (N,) bool."""
        chosen = self.predicate(frames)  # type: ignore[operator, call-arg, arg-type]
        if not isinstance(chosen, Tensor):
            raise ConfigError(
                "Conditional: the predicate must give a (B,) bool tensor, one decision per row, "
                f"got {type(chosen).__name__}; for a decision that does not look at the numbers "
                "give static=True"
            )
        if chosen.dtype != torch.bool or tuple(chosen.shape) != (frames.shape[0],):
            raise ShapeError(
                f"Conditional: expected a predicate of shape ({frames.shape[0]},) bool, one "
                f"decision per row, got {tuple(chosen.shape)} {chosen.dtype}; reduce every row on "
                "its own, as in x.flatten(1).amax(1) > 0.5"
            )
        return chosen

    def _chosen(self, shape: tuple[int, ...]) -> str:
        """Return the name of the branch that a static predicate chooses."""
        holds = self.predicate
        if not isinstance(holds, bool):
            holds = holds(self, shape)  # type: ignore[assignment, call-arg, arg-type]
        if not isinstance(holds, bool):
            raise ConfigError(
                f"Conditional: a static predicate must give a bool, got {type(holds).__name__}; "
                "for a decision on the numbers give a function of the frame and no static=True"
            )
        return "on_true" if holds else "on_false"
