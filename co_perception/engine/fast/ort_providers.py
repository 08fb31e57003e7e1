# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's execution providers: what runs a graph, with which options, and what it needs."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from co_perception.engine.cache import cache_path
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.errors import DependencyError

__all__ = ["CPU", "Provider", "cuda", "require_onnxruntime", "tensorrt"]

_CPU_NAME, _CUDA_NAME = "CPUExecutionProvider", "CUDAExecutionProvider"
_TENSORRT_NAME = "TensorrtExecutionProvider"
_PRECISION_OPTIONS: dict[str, dict[str, str]] = {
    "fp32": {},
    "bf16": {"trt_bf16_enable": "1"},
    "fp16": {"trt_fp16_enable": "1"},
}
_NVINFER = ("libnvinfer.so.10", "libnvinfer.so", "libnvinfer.so.8")
_NAME_BYTES = 256


@dataclass(frozen=True)
class Provider:
    """An execution provider.

    Attributes:
        name: onnxruntime's name of it.
        options: For it.
        after: Providers, with options, that take the nodes that it leaves.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    after: tuple[tuple[str, Mapping[str, str]], ...] = ()

    def in_order(self) -> list[tuple[str, dict[str, str]]]:
        """Return what onnxruntime is to try, first to last."""
        pairs = ((self.name, self.options), *self.after)
        return [(name, dict(options)) for name, options in pairs]

    def require(self) -> None:
        """Raise a DependencyError if the installed onnxruntime was built without it."""
        available = require_onnxruntime().get_available_providers()
        if self.name not in available:
            raise DependencyError(
                self.describe_lack(f"the installed one has {', '.join(sorted(available))}")
            )

    def describe_lack(self, found: str) -> str:
        """Return what to say where the provider cannot be had."""
        libraries = "CUDA 12 and cuDNN 9"
        libraries += " and TensorRT 10" if self.name == _TENSORRT_NAME else ""
        return (
            f"Backend 'onnxruntime': expected an onnxruntime with {self.name}; {found}. Install "
            f"it in place of onnxruntime: pip install onnxruntime-gpu, with {libraries} (on a "
            "Jetson: NVIDIA's wheel for its JetPack); or use device='cpu'."
        )


CPU = Provider(_CPU_NAME)


def cuda(index: int) -> Provider:
    """Return the CUDA provider of a GPU, without TensorFloat-32: its 10 bits are no fp32."""
    return Provider(_CUDA_NAME, {"device_id": str(index), "use_tf32": "0"}, ((_CPU_NAME, {}),))


def tensorrt(index: int, precision: str, graph: bytes, sha256: str, *, rows: int) -> Provider:
    """Return the TensorRT provider of a GPU for one graph, whose engine is kept once it is built.

    Building takes minutes: the engine lies in a cache folder of this GPU's name, TensorRT's
    version, the graph, precision and rows, and serves any number of rows up to these.

    Args:
        index: The GPU's number.
        precision: "fp32", "bf16" or "fp16".
        graph: The ONNX file's content.
        sha256: Of it.
        rows: Rows of the state.
    """
    Provider(_TENSORRT_NAME).require()
    versions = (_tensorrt_version(), str(require_onnxruntime().__version__))
    folder = cache_path("tensorrt", _gpu_name(index), *versions, sha256, precision, str(rows))
    with contextlib.suppress(OSError):  # not kept then, which is slower and no fault
        folder.mkdir(parents=True, exist_ok=True)
    options = {
        "device_id": str(index),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
        **_PRECISION_OPTIONS[precision],
        **_shape_options(graph, rows),
    }
    return Provider(_TENSORRT_NAME, options, tuple(cuda(index).in_order()))


def require_onnxruntime() -> Any:
    """Return the onnxruntime package.

    Raises:
        DependencyError: If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(
            "Backend 'onnxruntime' needs onnxruntime; install it with: pip install onnxruntime"
        ) from error
    return onnxruntime


def _shape_options(graph: bytes, rows: int) -> dict[str, str]:
    """Return the range of every input's shape; without, an engine serves one number of rows."""
    session = require_onnxruntime().InferenceSession(graph, providers=[_CPU_NAME])
    metadata = session.get_modelmeta().custom_metadata_map
    places = {}
    if METADATA_KEY in metadata:
        rings = StepPlan.from_json(metadata[METADATA_KEY], "graph").rings
        places = {ring.name: ring.places for ring in rings if ring.kind != "total"}

    def shapes(count: int) -> str:
        texts = []
        for arg in session.get_inputs():
            ring = arg.name.partition(".")[2].rpartition(".")[0]
            axes = (count * places.get(ring, 1), *arg.shape[1:])
            texts.append(f"{arg.name}:{'x'.join(map(str, axes))}")
        return ",".join(texts)

    return {
        "trt_profile_min_shapes": shapes(1),
        "trt_profile_opt_shapes": shapes(rows),
        "trt_profile_max_shapes": shapes(rows),
    }


def _gpu_name(index: int) -> str:
    """Return a GPU's name as its driver says it; "unknown" without one."""
    name, handle = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_int()
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "unknown"
    failed = (
        driver.cuInit(0)
        or driver.cuDeviceGet(ctypes.byref(handle), index)
        or driver.cuDeviceGetName(name, _NAME_BYTES, handle)
    )
    return "unknown" if failed else name.value.decode(errors="replace")


def _tensorrt_version() -> str:
    """Return the version of the TensorRT library that is found; "unknown" without one."""
    for file in _NVINFER:
        try:
            return str(ctypes.CDLL(file).getInferLibVersion())
        except (OSError, AttributeError):
            continue
    return "unknown"
