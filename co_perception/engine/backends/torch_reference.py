# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The network itself in torch, from architecture and weights: what other backends must equal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.backends.base import State, StepBackend, check_state
from co_perception.engine.model_folder import ModelFolder
from co_perception.errors import CoPerceptionError, DependencyError, WeightsError

if TYPE_CHECKING:
    from co_perception.models import ContinualModel

__all__ = ["TorchBackend", "load_network"]


class TorchBackend(StepBackend):
    """Steps the torch network on the CPU, eagerly, in fp32.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        threads: Not used: torch has one number of threads for the whole process, which is its
            owner's to set (`torch.set_num_threads`).

    Raises:
        DependencyError: If torch or safetensors is not installed.
        WeightsError: If the weights do not fit the architecture.
    """

    name = "torch"

    def __init__(self, folder: ModelFolder, rows: int, *, threads: int = 1) -> None:
        self._model: Any = load_network(folder)
        self.rows, self.step_shape = rows, folder.input.step_shape
        self.classes = len(folder.labels)
        self._state: Any = self._model.init_state(batch_size=rows)

    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        import torch

        n = len(frames)
        full = torch.zeros((self.rows, *self.step_shape))
        full[:n] = torch.from_numpy(frames)
        live = torch.zeros(self.rows, dtype=torch.bool)
        live[:n] = torch.from_numpy(update)
        with torch.inference_mode():
            logits, valid, self._state = self._model.forward_step(full, self._state, live)
        return logits[:n].numpy(), valid[:n].numpy()

    @property
    def state_bytes(self) -> int:
        from co_perception import continual as co

        return sum(leaf.nbytes for _, leaf in co.flatten_state(self._state))

    def reset(self, rows: Iterable[int]) -> None:
        import torch

        from co_perception import continual as co

        mask = torch.zeros(self.rows, dtype=torch.bool)
        mask[list(rows)] = True
        with torch.inference_mode():
            self._state = co.reset(self._state, mask)

    def save_state(self) -> dict[str, NDArray[np.generic]]:
        from co_perception import continual as co

        return {name: leaf.numpy().copy() for name, leaf in co.flatten_state(self._state)}

    def restore_state(self, state: State) -> None:
        import torch

        from co_perception import continual as co

        check_state(state, self.save_state())
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        self._state = co.unflatten_state(self._state, tensors)

    def close(self) -> None:
        self._model = self._state = None


def load_network(folder: ModelFolder) -> ContinualModel:
    """Build the torch network of a model folder, with its weights, ready to infer.

    Raises:
        DependencyError: If torch or safetensors is not installed.
        WeightsError: If arguments or weights do not fit the architecture, or the network is not as
            model.yaml says.
    """
    try:
        import safetensors  # noqa: F401  the weights are read with it, deep inside

        from co_perception.models import create_model
    except ImportError as error:
        raise DependencyError(
            f"Backend 'torch' needs torch and safetensors ({error}); install them with: "
            "pip install torch safetensors"
        ) from error
    where = f"Model folder '{folder.path}'"
    try:
        model = create_model(folder.architecture, **folder.arguments)
    except (CoPerceptionError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{where}: model.yaml, keys 'architecture' and 'arguments': {error}"
        ) from error
    model.load_checkpoint(folder.weights_path)
    _check_spec(model, folder, where)
    model.eval().requires_grad_(False)
    return model


def _check_spec(model: ContinualModel, folder: ModelFolder, where: str) -> None:
    """Raise unless model.yaml says of the network what the network says of itself."""
    spec = model.spec
    for key in ("receptive_field", "delay", "time_stride"):
        if getattr(spec, key) != getattr(folder, key):
            raise WeightsError(
                f"{where}: model.yaml, key '{key}': expected {getattr(spec, key)}, as the network "
                f"has; got {getattr(folder, key)}."
            )
    shape = folder.input.step_shape
    if tuple(spec.step_shape) != shape or spec.input_kind != folder.input.kind:
        raise WeightsError(
            f"{where}: model.yaml, section 'input': expected {spec.input_kind} frames "
            f"{tuple(spec.step_shape)}, as the network has; got {shape} ({folder.input})."
        )
