# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The one face of all models: clip forward, dense forward, steps, specification, weights."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from co_perception.continual import ContinualModule, StreamState, Summary, summary
from co_perception.errors import ConfigError, ShapeError
from co_perception.models.checkpoint import LoadReport, load_checkpoint
from co_perception.models.spec import InputKind, ModelSpec

__all__ = ["ContinualModel"]


class ContinualModel(nn.Module):
    """A classifier of streams.

    Args:
        network: Gives class scores frame by frame, clips (B, ...) -> (B, num_classes, T_out).
        architecture: Name that `create_model` knows it by.
        arguments: Options that make it again; plain numbers, strings and lists.
        input_kind: What a step takes.
        step_shape: Shape of a step's input without the row axis.
        expected_rate: Frames per second that it is meant for, Hz.
    """

    def __init__(
        self,
        network: ContinualModule,
        *,
        architecture: str,
        arguments: Mapping[str, Any],
        input_kind: InputKind,
        step_shape: tuple[int, ...],
        expected_rate: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.architecture = architecture
        self.arguments = dict(arguments)
        self.num_classes = network.frame_shape(step_shape)[0]
        self.spec = ModelSpec(
            input_kind=input_kind,
            step_shape=step_shape,
            expected_rate=expected_rate,
            receptive_field=network.receptive_field,
            delay=network.delay,
            time_stride=network.time_stride,
        )

    def forward(self, clip: Tensor, *, start_index: int | Tensor | None = None) -> Tensor:
        """Return the scores after the last frame of a clip: the forward to train with.

        They equal the last entry of `forward_dense`: with a causal network, the step's output at
        the last frame of a stream that began with the clip. Frames before the last receptive
        field do not matter; shorter clips train the cold start.

        Args:
            clip: (B, C, T, ...), any T of at least one frame.
            start_index: As for `forward_dense`.
        Returns:
            Logits (B, num_classes).
        """
        return self.forward_dense(clip, start_index=start_index)[:, :, -1]

    def forward_dense(self, clip: Tensor, *, start_index: int | Tensor | None = None) -> Tensor:
        """Return the scores of every frame of a clip.

        Args:
            clip: (B, C, T, ...).
            start_index: Number of the clip's first frame in its stream, one or (B,) int64, for
                networks with a positional encoding; None: the clip begins a stream.
        Returns:
            (B, num_classes, T_out).
        Raises:
            ShapeError: If the clip does not fit the model.
            ConfigError: If a start is given to a network without a positional encoding.
        """
        self._check(clip.shape[:2] + clip.shape[3:], "clip", (*clip.shape[:1], "T"))
        if start_index is None:
            begun: Tensor = self.network(clip)
            return begun
        if "start_index" not in inspect.signature(self.network.forward).parameters:
            raise ConfigError(
                f"{self.architecture}: start_index is for networks with a positional encoding; "
                "this one has none, so leave it out"
            )
        dense: Tensor = self.network(clip, start_index=start_index)
        return dense

    def init_state(
        self,
        batch_size: int = 1,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> StreamState:
        """Return the cold state of `batch_size` streams, by default where the weights are."""
        weight = next(self.parameters())
        frame = torch.zeros(
            (batch_size, *self.spec.step_shape),
            device=device or weight.device,
            dtype=dtype or weight.dtype,
        )
        return self.network.init_state(frame)

    def forward_step(
        self,
        frame: Tensor,
        state: StreamState,
        update: Tensor | None = None,
        *,
        phase: int | None = None,
    ) -> tuple[Tensor, Tensor, StreamState]:
        """Advance every stream by one frame.

        Args:
            frame: (B, *spec.step_shape).
            state: From `init_state` or the previous call; left as it is.
            update: (B,) bool, rows that advance; the others keep their state bit for bit.
            phase: Number of the frame modulo `spec.time_stride`, for rows in lockstep: only what
                this phase needs is computed.
        Returns:
            Logits (B, num_classes), zero in rows not valid; valid (B,) bool; next state.
        Raises:
            ShapeError: If the frame or state does not fit the model.
        """
        self._check(frame.shape, "frame", frame.shape[:1])
        return self.network.forward_step(frame, state, update, phase=phase)

    def forward_steps(
        self,
        chunk: Tensor,
        state: StreamState,
        pad_end: bool = False,
        update: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, StreamState]:
        """Advance every stream by a chunk (B, C, t, ...); see `ContinualModule.forward_steps`."""
        self._check(chunk.shape[:2] + chunk.shape[3:], "chunk", (*chunk.shape[:1], "t"))
        return self.network.forward_steps(chunk, state, pad_end, update)

    def load_checkpoint(self, path: str | Path) -> LoadReport:
        """Load weights of any known format, found by the names in the file; see `checkpoint`.

        Args:
            path: A safetensors or torch file; no code of it runs.
        Returns:
            What was loaded, renamed and left out.
        Raises:
            WeightsError: If the file cannot be read or is of another network, or if tensors are
                missing, extra or mis-shaped: they are listed, and the model stays as it was.
        """
        return load_checkpoint(self, path)

    def summary(self) -> Summary:
        """Return receptive field, delay, multiply-adds and state bytes per operator."""
        return summary(self.network, self.spec.step_shape)

    def _check(self, shape: tuple[Any, ...], what: str, lead: tuple[Any, ...]) -> None:
        if tuple(shape[1:]) != self.spec.step_shape:
            expected = ", ".join(map(str, self.spec.step_shape))
            raise ShapeError(
                f"{self.architecture}: expected a {what} whose frames are (B, {expected}), got "
                f"(B, {', '.join(map(str, shape[1:]))}); the model's arguments are "
                f"{self.arguments}"
            )
