# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The process of a peer: continual-inference's steps, or a clip network over a sliding window.

Started by `benchmarks/against_peers.py` in the peers' environment, with one specification:

    {"kind": "peer", "network": "cox3d_s", "weights": FILE, "batch": 1, "threads": 1}
    {"kind": "clip", "network": "x3d_s", "weights": FILE, "engine": "openvino", "frames": 13, ...}
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from co_perception.bench.protocol import Stepper, serve

VIDEO = {"cox3d_s": 160, "cox3d_m": 224}
NUM_CLASSES = {"video": 400, "skeleton": 60}
SKELETON_SHAPE = (3, 25)


def make_peer_network(name: str) -> Any:
    """Return the peer's network of our name, with random weights."""
    import torch

    if name in VIDEO:
        from cox3d import make_cox3d

        return make_cox3d(name[-1], num_classes=NUM_CLASSES["video"]).eval()
    from st_gcn import make_st_gcn

    from co_perception.continual import graph_partitions
    from co_perception.models.skeletons import find_skeleton_graph

    graph = find_skeleton_graph("ntu25")
    adjacency = graph_partitions(graph.num_joints, graph.edges).to(torch.float32)
    return make_st_gcn(
        adjacency, num_classes=NUM_CLASSES["skeleton"], starred=name.endswith("_mod")
    ).eval()


def write_weights(name: str, path: Path, seed: int = 0) -> None:
    """Write weights that every contestant takes: the peer's keys, statistics of norms not 0 and 1.

    Scales are such that activations keep their size through the network.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    network = make_peer_network(name)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    torch.save({key: tensor.clone() for key, tensor in network.state_dict().items()}, path)


class PeerSteps:
    """The peer's `forward_step`."""

    period = 1

    def __init__(self, spec: dict[str, Any]) -> None:
        import torch

        self._torch = torch
        torch.set_num_threads(spec["threads"])
        name = spec["network"]
        self._network = make_peer_network(name)
        weights = torch.load(spec["weights"], weights_only=True)
        self._network.load_state_dict(weights, strict=True)
        side = VIDEO.get(name)
        step = (3, side, side) if side else SKELETON_SHAPE
        self.shape = (spec["batch"], *step)
        stride = self._network.stride
        self.period = stride[0] if isinstance(stride, tuple) else stride
        self._frames = self._network.receptive_field

    def step(self, frame: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Advance; None while the peer gives nothing."""
        with self._torch.inference_mode():
            output = self._network.forward_step(self._torch.from_numpy(frame))
        if not isinstance(output, self._torch.Tensor):
            return None
        return output.numpy().reshape(frame.shape[0], -1)

    def describe(self) -> dict[str, Any]:
        """Return what it is."""
        import continual

        return {
            "backend": "continual-inference",
            "precision": "fp32",
            "version": continual.__version__,
            "compare_steps": self._frames + self.period,
        }


class ClipWindow:
    """A clip network that computes its whole window again for every frame."""

    period = 1

    def __init__(self, spec: dict[str, Any]) -> None:
        import torch

        from co_perception.models import create_model

        torch.set_num_threads(spec["threads"])
        model = create_model(spec["network"], num_classes=spec["num_classes"]).eval()
        model.load_checkpoint(spec["weights"])
        self._spec = spec
        self.shape = (spec["batch"], *model.spec.step_shape)
        frames = spec["frames"]
        self._window = np.zeros(
            (spec["batch"], self.shape[1], frames, *self.shape[2:]), np.float32
        )
        self._run = _RUNNERS[spec["engine"]](model, self._window, spec)

    def step(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move the window by one frame and compute it."""
        self._window[:, :, :-1] = self._window[:, :, 1:]
        self._window[:, :, -1] = frame
        return np.asarray(self._run(self._window))

    def describe(self) -> dict[str, Any]:
        """Return what it is."""
        return {
            "backend": f"clip of {self._spec['frames']}, {self._spec['engine']}",
            "precision": self._spec.get("precision", "fp32"),
            "compare_steps": 1,
            "state_bytes": self._window.nbytes,
        }


def _run_torch(model: Any, window: NDArray[np.float32], spec: dict[str, Any]) -> Any:
    import torch

    def run(clip: NDArray[np.float32]) -> Any:
        with torch.inference_mode():
            return model(torch.from_numpy(clip)).numpy()

    return run


def _export(model: Any, window: NDArray[np.float32], folder: str) -> str:
    """Return the path of the clip network as ONNX."""
    import torch

    path = str(Path(folder) / "clip.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.from_numpy(window),), path, dynamo=True, verbose=False)
    return path


def _run_onnxruntime(model: Any, window: NDArray[np.float32], spec: dict[str, Any]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = spec["threads"]
    with tempfile.TemporaryDirectory() as folder:
        session = onnxruntime.InferenceSession(
            _export(model, window, folder), options, providers=["CPUExecutionProvider"]
        )
    name = session.get_inputs()[0].name
    return lambda clip: session.run(None, {name: clip})[0]


def _run_openvino(model: Any, window: NDArray[np.float32], spec: dict[str, Any]) -> Any:
    import openvino

    core = openvino.Core()
    hint = {"fp32": "f32", "bf16": "bf16"}[spec.get("precision", "fp32")]
    settings = {"INFERENCE_NUM_THREADS": spec["threads"], "INFERENCE_PRECISION_HINT": hint}
    with tempfile.TemporaryDirectory() as folder:
        compiled = core.compile_model(_export(model, window, folder), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda clip: request.infer([clip], share_inputs=True)[0]


_RUNNERS = {"torch": _run_torch, "onnxruntime": _run_onnxruntime, "openvino": _run_openvino}


def make(spec: dict[str, Any]) -> Stepper:
    """Return the stepper of a specification."""
    return PeerSteps(spec) if spec["kind"] == "peer" else ClipWindow(spec)


if __name__ == "__main__":
    if sys.argv[1] == "--write-weights":
        write_weights(sys.argv[2], Path(sys.argv[3]))
    else:
        serve(make, json.loads(sys.argv[1]))
