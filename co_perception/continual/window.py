# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Windows of past frames: the pure functions that temporal operators share.

A window is (B, C, n, ...), oldest frame first. Zeros stand for frames that have not come.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from co_perception.continual.state import LayerState, rows_like
from co_perception.continual.timing import Tick, TimeSpec
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = ["Fill", "TimePadding", "pad_time", "push", "require_window", "resolve_time", "select"]

Fill: TypeAlias = Literal["zeros", "replicate"]
"""What stands before the first and after the last frame of a stream, where padding is asked."""

TimePadding: TypeAlias = int | tuple[int, int] | Literal["causal"]
"""Frames of padding: both sides alike, (left, right), or all of it on the left."""


def resolve_time(
    padding: TimePadding, *, kernel: int, stride: int, dilation: int, where: str
) -> TimeSpec:
    """Return the time specification of a kernel that slides over frames.

    Raises:
        ConfigError: If a number is out of range; padding may not exceed the receptive field - 1.
    """
    if min(kernel, stride, dilation) < 1:
        raise ConfigError(
            f"{where}: temporal kernel, stride and dilation must be at least 1, got "
            f"{kernel}, {stride}, {dilation}"
        )
    reach = dilation * (kernel - 1)
    if padding == "causal":
        left, right = reach, 0
    elif isinstance(padding, int):
        left, right = padding, padding
    elif isinstance(padding, tuple) and len(padding) == 2:
        left, right = padding
    else:
        raise ConfigError(
            f"{where}: time padding must be a number, (left, right) or 'causal', got {padding!r}"
        )
    if not (0 <= left <= reach and 0 <= right <= reach):
        raise ConfigError(
            f"{where}: time padding must be 0..{reach} (receptive field - 1) on each side, got "
            f"({left}, {right}); more would make outputs of padding only"
        )
    return TimeSpec(receptive_field=reach + 1, stride=stride, left=left, right=right)


def check_fill(fill: str, where: str) -> None:
    """Raise a ConfigError unless the fill is one that windows know."""
    known = sorted(get_args(Fill))
    if fill not in known:
        raise ConfigError(f"{where}: fill must be one of {known}, got {fill!r}")


def pad_time(clip: Tensor, left: int, right: int, fill: Fill | float) -> Tensor:
    """Pad a clip (B, C, T, ...) at both ends in time with a number, or with its end frames."""
    sides = []
    for count, edge in ((left, 0), (right, clip.shape[2] - 1)):
        frame = clip[:, :, edge : edge + 1]
        if fill != "replicate":
            frame = torch.full_like(frame, 0.0 if fill == "zeros" else float(fill))
        sides.append(frame.expand(*clip.shape[:2], count, *clip.shape[3:]))
    return torch.cat([sides[0], clip, sides[1]], dim=2) if left or right else clip


def require_clip(clip: Tensor, time: TimeSpec, where: str) -> None:
    """Raise a ShapeError if a clip is too short to make one output."""
    needed = time.receptive_field - time.left - time.right
    if clip.shape[2] < max(1, needed):
        raise ShapeError(
            f"{where}: expected a clip of at least {max(1, needed)} frames, got {clip.shape[2]}; "
            "use a longer clip or more time padding"
        )


def require_window(layers: LayerState, shape: tuple[int, ...], where: str) -> Tensor:
    """Return a layer's state as the window it must be.

    Args:
        layers: The layer's state.
        shape: Expected shape after the row axis.
        where: Name for the message.

    Raises:
        StreamError: If the state belongs to another kind of layer.
        ShapeError: If its shape differs.
    """
    if not isinstance(layers, Tensor):
        raise StreamError(
            f"{where}: expected a window tensor as state, got {type(layers).__name__}; make the "
            "state with this module's init_state"
        )
    if tuple(layers.shape[1:]) != shape:
        raise ShapeError(
            f"{where}: expected a state of (rows, {', '.join(map(str, shape))}) for this frame, "
            f"got {tuple(layers.shape)}; frames of a stream keep their shape: call init_state for "
            "a new one"
        )
    return layers


def select(live: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Take the new state in live rows and the old one, bit for bit, in the others."""
    return torch.where(rows_like(live, new), new, old)


def push(x: Tensor, window: Tensor, tick: Tick, fill: Fill) -> tuple[Tensor, Tensor]:
    """Append a frame to a window, or its padding before the start and after the end.

    Args:
        x: Frame (B, C, ...).
        window: (B, C, n, ...), zeros in rows that are cold.
        tick: The moment.
        fill: What stands for frames outside the stream.

    Returns:
        The frames that the kernel sees, (B, C, n + 1, ...); the next window.
    """
    past = window
    if fill == "replicate":
        if tick.end:
            x = window[:, :, -1]
        first = rows_like(tick.frame == 0, window)
        past = torch.where(first, x.unsqueeze(2).expand_as(window), window)
    elif tick.end:
        x = torch.zeros_like(x)
    seen = torch.cat([past, x.unsqueeze(2)], dim=2)
    return seen, select(tick.live, seen[:, :, 1:], window)
