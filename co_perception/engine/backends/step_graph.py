# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs as a backend: rows that share a lane step as one batch, others on their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.backends.base import State, StepBackend, check_state
from co_perception.engine.fast.lane import Executor, Lane
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.engine.model_folder import ModelFolder, step_file
from co_perception.errors import WeightsError

__all__ = ["StepGraphBackend", "has_step_graph", "read_step_graphs"]


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


class StepGraphBackend(StepBackend):
    """Rows in lanes of a step graph.

    Skeletons step as a batch: the weights are read once for all. Images step row by row, since a
    batch gains little there and a row that stands still costs nothing; and so does what has a
    stride, since each row then has a phase of its own.

    Args:
        name: The runtime's.
        phases: One executor per phase.
        rows: Rows of the state.
        folder: The model folder that the graphs must fit; None: not checked.
        precision: Of the runtime's arithmetic.
        together: Whether rows step as one batch; None: as said above. Not with a stride.

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
        together: bool | None = None,
    ) -> None:
        plan = phases[0].plan
        if folder is not None:
            _check_fits(plan, folder)
        self.name, self.rows, self.precision = name, rows, precision
        self.step_shape, self.classes = plan.step_shape, plan.classes
        images = len(plan.step_shape) == 3 and plan.step_shape[0] == 3
        batch = (not images if together is None else together) and plan.period == 1
        self.lanes = [Lane(phases, rows)] if batch else [Lane(phases, 1) for _ in range(rows)]

    @property
    def state_bytes(self) -> int:
        """Bytes of the state of all rows, with the place of the frame to come."""
        return sum(lane.state_bytes for lane in self.lanes)

    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        if self.lanes[0].rows == self.rows:
            return self.lanes[0].step(frames, update)
        logits: NDArray[np.float32] = np.zeros((len(frames), self.classes), np.float32)
        valid: NDArray[np.bool_] = np.zeros(len(frames), np.bool_)
        for row in np.flatnonzero(update):
            one = slice(row, row + 1)
            logits[one], valid[one] = self.lanes[row].step(frames[one], update[one])
        return logits, valid

    def reset(self, rows: Iterable[int]) -> None:
        for row in rows:
            lane, place = self._place(row)
            lane.reset(np.array([place]))

    def _place(self, row: int) -> tuple[Lane, int]:
        if self.lanes[0].rows == self.rows:
            return self.lanes[0], row
        return self.lanes[row], 0

    def save_state(self) -> dict[str, NDArray[np.generic]]:
        saved = [lane.save() for lane in self.lanes]
        return {name: np.concatenate([state[name] for state in saved]) for name in saved[0]}

    def restore_state(self, state: State) -> None:
        shapes = {
            name: np.broadcast_to(np.zeros((), dtype), (self.rows, *shape[1:]))
            for name, (shape, dtype) in self.lanes[0].describe().items()
        }
        check_state(state, shapes)
        start = 0
        for lane in self.lanes:
            part = slice(start, start + lane.rows)
            lane.load({name: array[part] for name, array in state.items()})
            start += lane.rows

    def close(self) -> None:
        self.lanes = []


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
