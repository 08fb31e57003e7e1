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
from co_perception.errors import CoPerceptionError, DependencyError, StepError, WeightsError

if TYPE_CHECKING:
    from co_perception.models import ContinualModel

__all__ = ["TorchBackend", "load_network"]

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class TorchBackend(StepBackend):
    """Steps the torch network: on the CPU eagerly, on CUDA as a captured graph.

    Torch has one number of threads for the whole process, which is its owner's to set
    (`torch.set_num_threads`).

    Args:
        folder: The model folder.
        rows: Rows of the state.
        device: "cpu", "cuda" or "cuda:<index>".
        precision: Of weights and states: "fp32", "bf16" or "fp16".

    Raises:
        DependencyError: If torch or safetensors is not installed, or torch without CUDA.
        WeightsError: If the weights do not fit the architecture.
        StepError: If network and state do not fit into the device's memory.
    """

    name = "torch"

    def __init__(
        self, folder: ModelFolder, rows: int, *, device: str = "cpu", precision: str = "fp32"
    ) -> None:
        network = load_network(folder)
        import torch

        from co_perception.engine.backends.torch_resident import ResidentStep

        if device != "cpu":
            _require_cuda(torch, device)
        self.device, self.precision = device, precision
        self.rows, self.step_shape = rows, folder.input.step_shape
        self.classes = len(folder.labels)
        try:
            network.to(device, getattr(torch, _DTYPES[precision]))
            self._resident = ResidentStep(network, rows, self.step_shape)
        except RuntimeError as error:
            raise StepError(
                f"Backend 'torch': network and states of {rows} rows cannot be set up on {device} "
                f"in {precision} ({error}). Where memory is short, lower max_streams, take a "
                "smaller model, or end what else runs on the device."
            ) from error

    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        import torch

        n, resident = len(frames), self._resident
        with torch.inference_mode():
            resident.frames[:n] = torch.from_numpy(frames)
            resident.update.zero_()
            resident.update[:n] = torch.from_numpy(update)
        resident.run()
        return resident.logits[:n].float().cpu().numpy(), resident.valid[:n].cpu().numpy()

    @property
    def state_bytes(self) -> int:
        return sum(leaf.nbytes for leaf in self._leaves().values())

    def _leaves(self) -> dict[str, Any]:
        from co_perception import continual as co

        return dict(co.flatten_state(self._resident.state))

    def reset(self, rows: Iterable[int]) -> None:
        import torch

        with torch.inference_mode():
            for leaf in self._leaves().values():
                leaf[list(rows)] = 0

    def save_state(self) -> dict[str, NDArray[np.generic]]:
        return {name: _to_numpy(leaf) for name, leaf in self._leaves().items()}

    def restore_state(self, state: State) -> None:
        import torch

        check_state(state, self.save_state())
        with torch.inference_mode():
            for name, leaf in self._leaves().items():
                leaf.copy_(torch.from_numpy(np.array(state[name])))

    def close(self) -> None:
        self._resident = None  # type: ignore[assignment]


def _to_numpy(leaf: Any) -> NDArray[np.generic]:
    """Return a copy, in float32 where it is of any floating-point type."""
    array: NDArray[np.generic] = (leaf.float() if leaf.is_floating_point() else leaf).cpu().numpy()
    return array.copy()


def _require_cuda(torch: Any, device: str) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(device.partition(":")[2] or 0)
    if index >= count:
        raise DependencyError(
            f"Backend 'torch': expected a torch with CUDA that sees GPU {index}; torch "
            f"{torch.__version__} sees {count} of them. Install a build with CUDA (pip install "
            "torch, from the index that pytorch.org names for your CUDA; on a Jetson: NVIDIA's "
            "wheel) and look at nvidia-smi; or use device='cpu'."
        )


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
