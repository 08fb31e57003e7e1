# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs as a backend, on whatever runtime executes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.backends.base import State, StepBackend, check_state
from co_perception.engine.backends.batching import Batching
from co_perception.engine.fast.groups import RowGroups
from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.engine.model_folder import ModelFolder, step_file
from co_perception.errors import StreamError, WeightsError

__all__ = ["StepGraphBackend", "has_step_graph", "read_step_graphs", "require_step_graphs"]


def has_step_graph(folder: ModelFolder) -> bool:
    """Whether a model folder's step is a step graph."""
    return folder.step_path is not None and METADATA_KEY.encode() in folder.step_path.read_bytes()


def read_step_graphs(folder: ModelFolder, backend: str) -> dict[str, bytes] | None:
    """Return the step graphs of a model folder, one file per phase; None for a masked step.

    Args:
        folder: The model folder.
        backend: Who asks, for messages.

    Raises:
        WeightsError: If the folder has no step, or not one graph per phase.
    """
    if folder.step_path is None:
        raise WeightsError(
            f"Model folder '{folder.path}': the {backend} backend needs step.onnx, and there is "
            "none; save the model again with save_model_folder, or use backend='torch'."
        )
    content = folder.step_path.read_bytes()
    if METADATA_KEY.encode() not in content:
        return None
    names = [step_file(phase) for phase in range(folder.time_stride)]
    missing = [name for name in names if name not in folder.files]
    if missing:
        raise WeightsError(
            f"Model folder '{folder.path}': expected one step graph per phase of time_stride "
            f"{folder.time_stride}; missing {', '.join(missing)}. Copy the whole folder, or save "
            "the model again."
        )
    return {name: (folder.path / name).read_bytes() for name in names}


def require_step_graphs(folder: ModelFolder, backend: str) -> dict[str, bytes]:
    """Return the step graphs of a model folder, for a backend that takes nothing else.

    Raises:
        WeightsError: As `read_step_graphs`, or if the step is a masked one.
    """
    graphs = read_step_graphs(folder, backend)
    if graphs is None:
        raise WeightsError(
            f"{folder.step_path}: the {backend} backend needs a step graph, and this is a masked "
            "step: use backend='onnxruntime', or save the model again if its network has a graph."
        )
    return graphs


class StepGraphBackend(StepBackend):
    """Rows in lanes of a step graph.

    Args:
        name: The runtime's.
        phases: One executor per phase.
        rows: Rows of the state.
        folder: The model folder that the graphs must fit; None: not checked.
        precision: Of the runtime's arithmetic.
        batching: How rows step; None: those of skeletons as one batch, since the weights are then
            read once for all, those of images one by one.

    Raises:
        WeightsError: If the graphs are of another model than model.yaml tells of.
    """

    def __init__(
        self,
        name: str,
        phases: Sequence[Executor],
        rows: int,
        *,
        folder: ModelFolder | None = None,
        precision: str = "fp32",
        batching: Batching | None = None,
    ) -> None:
        plan = phases[0].plan
        if folder is not None:
            _check_fits(plan, folder)
        self.name, self.rows, self.precision = name, rows, precision
        self.step_shape, self.classes = plan.step_shape, plan.classes
        if batching is None:
            images = len(plan.step_shape) == 3 and plan.step_shape[0] == 3
            batching = Batching(rows > 1 and not images, "by the kind of frames")
        self.batching = batching.reason
        self._groups: RowGroups | None = RowGroups(phases, rows, together=batching.together)

    @property
    def groups(self) -> RowGroups:
        """Where the rows are kept.

        Raises:
            StreamError: After `close`.
        """
        if self._groups is None:
            raise StreamError(f"Backend '{self.name}': it is closed; open the model folder again.")
        return self._groups

    @property
    def state_bytes(self) -> int:
        return self.groups.state_bytes

    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return self.groups.step(frames, update)

    def reset(self, rows: Iterable[int]) -> None:
        self.groups.reset(rows)

    def save_state(self) -> dict[str, NDArray[np.generic]]:
        return self.groups.save()

    def restore_state(self, state: State) -> None:
        shapes = {
            name: np.broadcast_to(np.zeros((), dtype), shape)
            for name, (shape, dtype) in self.groups.describe().items()
        }
        check_state(state, shapes)
        self.groups.load(state)

    def close(self) -> None:
        self._groups = None


def _check_fits(plan: StepPlan, folder: ModelFolder) -> None:
    """Raise unless a plan says what model.yaml says."""
    pairs = {
        "frames": (plan.step_shape, folder.input.step_shape, f"input ({folder.input})"),
        "classes": (plan.classes, len(folder.labels), "labels"),
        "receptive field": (plan.receptive_field, folder.receptive_field, "receptive_field"),
        "delay": (plan.delay, folder.delay, "delay"),
        "phases": (plan.period, folder.time_stride, "time_stride"),
    }
    for what, (found, expected, key) in pairs.items():
        if found != expected:
            raise WeightsError(
                f"{folder.step_path}: its {what}: expected {expected}, as model.yaml says by "
                f"{key}; got {found}; this step is of another model."
            )
