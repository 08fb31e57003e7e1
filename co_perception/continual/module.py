# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The contract of every continual module: one clip forward, exact steps, the state outside."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from co_perception.continual.frames import blank_like, frames_in, map_frames, shape_of
from co_perception.continual.kinds import Kind
from co_perception.continual.state import LayerState, StreamState, check_rows, rows_like
from co_perception.continual.timing import Phase, Tick, TimeSpec, advance
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = ["ContinualModule", "FrameLocal", "Part"]


class Part(NamedTuple):
    """One operator of a network.

    Attributes:
        name: Path in the network.
        module: The operator.
        shape: Of its input frame, without the row axis.
        stride: Frames of the network's input per frame of the operator's.
    """

    name: str
    module: ContinualModule
    shape: tuple[int, ...]
    stride: int


class ContinualModule(nn.Module, abc.ABC):
    """A torch module that also runs frame by frame and holds no state of any stream.

    Clips are (B, C, T, ...), frames (B, C, ...). For a stream x, `forward_step` at input t gives
    `forward(x)[(t - delay) / time_stride]` for every t >= delay on the stride's phase, and says
    `valid` False elsewhere. Every batch row is a stream with a clock of its own.

    Subclasses give `forward`, `frame_shape`, `init_layers`, `step_layers` and, if they look at
    more than one frame, `time`. A state is never changed in place, so an old state stays usable.

    Where streams run side by side (Broadcast, Parallel, Reduce), clips, frames, outputs and shapes
    are tuples of what is written here, one entry per stream; rows and `valid` are common to all.

    Source: Hedegaard, Efficient Online Processing with Deep Neural Networks (2023), continual
    inference networks; unlike there, the state is an argument and rows are independent.
    """

    takes_streams: ClassVar[bool] = False
    """Whether a frame is a tuple, one per stream; containers take what their children do."""

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding in time."""
        return TimeSpec()

    @property
    def receptive_field(self) -> int:
        """Frames that one output rests on, padding included."""
        return self.time.receptive_field

    @property
    def delay(self) -> int:
        """Frames between a frame and the output that stands at its place in the clip forward."""
        return self.time.delay

    @property
    def time_stride(self) -> int:
        """Frames per output."""
        return self.time.stride

    @property
    def time_padding(self) -> tuple[int, int]:
        """Padding frames before the first and after the last frame of a stream."""
        return self.time.left, self.time.right

    @property
    def input_kind(self) -> Kind | None:
        """What a step takes; None: either, and hands it on."""
        return "frame"

    @property
    def output_kind(self) -> Kind | None:
        """What a step gives; None: what it takes."""
        return "frame"

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute all outputs of a clip (B, C, T, ...), padded in time at both ends."""

    @abc.abstractmethod
    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of an output frame for an input frame's, both without the row axis.

        Raises:
            ShapeError: If frames of this shape do not fit the module.
        """

    @abc.abstractmethod
    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold state, all zeros, for frames like the given one (B, C, ...)."""

    @abc.abstractmethod
    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame; the part of `forward_step` that containers call.

        Args:
            x: Frame (B, C, ...). Rows that are not live hold finite numbers without meaning.
            layers: This module's part of the state.
            tick: Which frame this is for each row, and which rows get it.

        Returns:
            Output (B, C_out, ...); next state, bit for bit the old one in rows not live; the
            moment as the next layer sees it.
        """

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return the multiply-adds of one output of one row, for an input frame's shape."""
        return 0

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk the operators that do the work.

        Args:
            name: Path of this module.
            shape: Of its input frame, without the row axis.
            stride: Frames of the network's input per frame of this module's.
        """
        yield Part(name, self, shape, stride)

    def init_state(self, frame: Tensor) -> StreamState:
        """Return the cold state of a batch of streams.

        Args:
            frame: One frame per stream, (B, C, ...): an example for shape, dtype and device.

        Raises:
            ShapeError: If the frame does not fit the module.
        """
        self.frame_shape(shape_of(frame))
        first = next(frames_in(frame))
        rows = first.shape[0]
        return StreamState(
            frames=torch.zeros(rows, dtype=torch.int64, device=first.device),
            span=first.new_zeros((rows, 0, self.receptive_field, self.delay)),
            layers=self.init_layers(frame),
        )

    def forward_step(
        self,
        frame: Tensor,
        state: StreamState,
        update: Tensor | None = None,
        *,
        phase: int | None = None,
    ) -> tuple[Tensor, Tensor, StreamState]:
        """Advance every stream of the batch by one frame.

        Args:
            frame: One frame per stream, (B, C, ...).
            state: From the previous call, or from `init_state`; it is left as it is.
            update: (B,) bool; rows that are False stand still: their frame is not looked at, their
                state keeps its bits. None: all rows advance.
            phase: Number of this frame modulo `time_stride`, for rows that all stand there: only
                what this phase needs is computed. None: rows may differ, and a network with a
                temporal stride computes every phase and masks.

        Returns:
            Output (B, C_out, ...), the clip's at index (t - delay) / time_stride, zero in rows not
            valid; valid (B,) bool; next state.

        Raises:
            ShapeError: If frame, update and state do not fit each other or the module.
            StreamError: If a state made in inference mode meets autograd, or if a row that
                advances is on another phase (not checked in compiled and exported steps).
            ConfigError: If the phase is not in 0..time_stride - 1.
        """
        for part in frames_in(frame):
            _check_call(self, part, state)
        live = torch.ones_like(state.frames, dtype=torch.bool) if update is None else update
        check_rows(live, state.frames.shape[0], f"{type(self).__name__} update")
        if update is not None:  # a NaN in a paused row must not reach weights by their gradient
            frame = _mask(frame, live)
        tick = Tick(state.frames, live, phase=_check_phase(self, phase, state, live))
        return self._step(frame, state, tick)

    def forward_steps(
        self,
        chunk: Tensor,
        state: StreamState,
        pad_end: bool = False,
        update: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, StreamState]:
        """Advance every stream by a chunk of frames, with any chunking the same as frame by frame.

        Args:
            chunk: (B, C, t, ...).
            state: As for `forward_step`.
            pad_end: Append what the padding after the last frame gives, computed on a copy of the
                state: the valid outputs then equal `forward` entirely, and the stream can go on.
            update: (B,) or (B, t) bool, rows that advance at all or at each frame.

        Returns:
            Outputs (B, C_out, t, ...), with `pad_end` t + right padding of them, zero where not
            valid; valid (B, t); state after the chunk.
        """
        first = next(frames_in(chunk))
        rows, frames = first.shape[0], first.shape[2]
        masks = _masks_per_frame(update, rows, frames, type(self).__name__)
        outputs = []
        for t, mask in enumerate(masks):
            y, valid, state = self.forward_step(_frame_of(chunk, t), state, mask)
            outputs.append((y, valid))
        blank = map_frames(lambda x: x.new_zeros((rows, x.shape[1], *x.shape[3:])), chunk)
        if pad_end:
            outputs += self._flush(blank, state)
        if not outputs:
            empty = blank_like(blank, self.frame_shape(shape_of(blank)))
            empty = map_frames(lambda y: y.unsqueeze(2)[:, :, :0], empty)
            return empty, torch.zeros((rows, 0), dtype=torch.bool, device=first.device), state
        ys, valids = zip(*outputs)
        return map_frames(_stack, *ys), torch.stack(valids, dim=1), state

    def _flush(self, blank: Tensor, state: StreamState) -> list[tuple[Tensor, Tensor]]:
        """Return the outputs that the padding after the end gives; the state is not handed on."""
        live = torch.ones_like(state.frames, dtype=torch.bool)
        outputs = []
        for end in range(1, self.time.right + 1):
            y, valid, state = self._step(blank, state, Tick(state.frames, live, end))
            outputs.append((y, valid))
        return outputs

    def _step(
        self, frame: Tensor, state: StreamState, tick: Tick
    ) -> tuple[Tensor, Tensor, StreamState]:
        y, layers, after = self.step_layers(frame, state.layers, tick)
        valid = torch.zeros_like(after.live) if after.end else after.live
        return _mask(y, valid), valid, StreamState(state.frames + tick.live, state.span, layers)


class FrameLocal(ContinualModule):
    """A module that looks at one frame at a time: no state, no delay.

    `forward` is used for frames as well; a subclass whose computation is written for an exact
    number of axes overrides `forward_frame`.
    """

    @property
    def input_kind(self) -> Kind | None:
        """Either: a window is a frame with one more axis."""
        return None

    @property
    def output_kind(self) -> Kind | None:
        """What it takes."""
        return None

    def forward_frame(self, x: Tensor) -> Tensor:
        """Compute the output of one frame (B, C, ...)."""
        return self.forward(x)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape: most such modules work number by number."""
        return shape

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the empty state."""
        return {}

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        return self.forward_frame(x), layers, advance(tick, self.time)


def _frame_of(chunk: Tensor, t: int) -> Tensor:
    return map_frames(lambda x: x[:, :, t], chunk)


def _stack(*frames: Tensor) -> Tensor:
    return torch.stack(frames, dim=2)


def _mask(frame: Tensor, rows: Tensor) -> Tensor:
    """Put zeros into the rows that are False."""
    return map_frames(lambda x: torch.where(rows_like(rows, x), x, torch.zeros_like(x)), frame)


def _check_call(module: ContinualModule, frame: Tensor, state: StreamState) -> None:
    """Raise if a frame and a state cannot be used together."""
    name = type(module).__name__
    if frame.shape[0] != state.frames.shape[0]:
        raise ShapeError(
            f"{name}: expected {state.frames.shape[0]} rows as the state has, got a frame of "
            f"{frame.shape[0]}; make a state for this batch with init_state(frame), or add and "
            "drop rows with co.join_rows and co.take_rows"
        )
    if frame.dtype != state.span.dtype:
        raise ShapeError(
            f"{name}: expected {state.span.dtype} frames as the state was made for, got "
            f"{frame.dtype}; convert the frames, or make a state with init_state(frame)"
        )
    if torch.compiler.is_compiling():
        return
    if state.frames.is_inference() and torch.is_grad_enabled():
        raise StreamError(
            f"{name}: the state was made in inference mode and cannot take part in autograd; step "
            "under torch.inference_mode() or torch.no_grad(), or start from a new init_state()"
        )


def _check_phase(
    module: ContinualModule, phase: int | None, state: StreamState, live: Tensor
) -> Phase | None:
    """Return the phase of a lockstep, after a look at whether the rows stand there."""
    if phase is None:
        return None
    name, period = type(module).__name__, module.time_stride
    if not 0 <= phase < period:
        raise ConfigError(f"{name}: expected a phase of 0..{period - 1}, got {phase}")
    if not torch.compiler.is_compiling() and not state.frames.is_meta:
        off = live & (state.frames % period != phase)
        if bool(off.any()):
            raise StreamError(
                f"{name}: expected all rows that advance on phase {phase} of {period}, but rows "
                f"{off.nonzero().flatten().tolist()} are not; group rows by `frames_seen % "
                f"{period}`, or leave phase out"
            )
    return Phase(phase, period)


def _masks_per_frame(
    update: Tensor | None, rows: int, frames: int, name: str
) -> list[Tensor | None]:
    """Return one update mask per frame of a chunk."""
    if update is None or update.dim() == 1:
        return [update] * frames
    if tuple(update.shape) != (rows, frames):
        raise ShapeError(
            f"{name} update: expected ({rows},) or ({rows}, {frames}) bool, got "
            f"{tuple(update.shape)}"
        )
    return list(update.unbind(1))
