# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs made ready for this machine's onnxruntime: blocked where they hold images.

The blocked graph is compared with the plain one before it is used for the first time, then kept in
the user's cache folder. Without the onnx package the plain graph serves: the same numbers, slower.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from co_perception.engine.cache import cache_path, read_cached, write_cached
from co_perception.engine.fast.lane import Executor, Lane
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.engine.fast.ort_providers import require_onnxruntime
from co_perception.errors import WeightsError

__all__ = ["measure_block", "prepare_executors"]

_log = logging.getLogger(__name__)
_VERSION = "1"  # of what block_graph makes
_TOLERANCE = 1e-4
"""max|difference| / max|reference| of every ring and of the logits."""
_TINY = 1e-20  # numbers with few bits left, as deep layers of fresh weights give, are all alike
_CHECKED_STEPS = 4
_PROBE_CHANNELS = 20  # 24 in blocks of 8, 32 in blocks of 16


def prepare_executors(
    graphs: Sequence[bytes], sha256: Sequence[str], *, threads: int, where: str
) -> list[OrtExecutor]:
    """Return an executor for every phase of a step.

    Args:
        graphs: ONNX files, one per phase.
        sha256: Of these files.
        threads: Threads of one run.
        where: The first file, for messages.

    Raises:
        DependencyError: If onnxruntime is not installed.
        WeightsError: If a file is no step graph.
    """
    version = str(require_onnxruntime().__version__)
    paths = [cache_path("steps", sha, version, _VERSION) for sha in sha256]
    cached = [read_cached(path) for path in paths]
    if all(cached):
        try:
            return [_open(content or b"", threads, where) for content in cached]
        except WeightsError:  # damaged, or of another machine with the same home folder
            _log.warning("cached step graphs of %s do not load; they are made again", where)
    plain = [_open(graph, threads, where) for graph in graphs]
    if not any(len(ring.shape) == 3 and not ring.is_input for ring in plain[0].plan.rings):
        return plain
    blocked = _block(graphs, where)
    if blocked is None:
        return plain
    try:
        executors = [_open(graph, threads, where) for graph in blocked]
        fault = _find_fault(plain, executors)
    except Exception as error:  # whatever this release of onnxruntime does not take
        fault = str(error)
    if fault:
        _log.warning(
            "%s: the blocked step cannot serve on this machine (%s); the plain one does, which is "
            "slower",
            where,
            fault,
        )
        return plain
    for path, content in zip(paths, blocked):
        write_cached(path, content)
    return executors


def _open(graph: bytes, threads: int, where: str) -> OrtExecutor:
    return OrtExecutor(open_session(graph, threads=threads, where=where), where)


def _block(graphs: Sequence[bytes], where: str) -> list[bytes] | None:
    """Return the graphs in this machine's blocks; None if that is not possible."""
    try:
        import onnx
    except ImportError:
        _log.warning(
            "%s: without the onnx package the step runs in a slower layout; pip install onnx",
            where,
        )
        return None
    from co_perception.engine.fast.blocked import block_graph

    block = measure_block()
    models = [block_graph(onnx.load_from_string(g), block) for g in graphs] if block else []
    blocked = [m.SerializeToString(deterministic=True) for m in models if m is not None]
    return blocked if len(blocked) == len(graphs) else None


def measure_block() -> int:
    """Return how many channels onnxruntime's convolutions here put in a block; 0 if they do not.

    It cannot be asked; but its optimiser shows it on a convolution of 20 channels.
    """
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, channels: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 4, 4])

    weight = np.ones((64, _PROBE_CHANNELS, 3, 3), np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], kernel_shape=[3, 3])],
        "probe",
        [value("x", _PROBE_CHANNELS)],
        [value("y", 64)],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "probe.onnx")
        content = model.SerializeToString()
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        optimised = onnx.load(options.optimized_model_filepath).graph
    if not any(node.domain == "com.microsoft.nchwc" for node in optimised.node):
        return 0
    padded = {a.dims[1] for a in optimised.initializer if len(a.dims) == 4}
    return {24: 8, 32: 16}.get(max(padded, default=0), 0)


def _find_fault(plain: Sequence[Executor], blocked: Sequence[Executor]) -> str:
    """Return how the two differ after steps from a blank state taken as warm; "" if they agree."""
    lanes = [Lane(phases, 1) for phases in (plain, blocked)]
    plan, rng = plain[0].plan, np.random.default_rng(0)
    for lane in lanes:
        lane.ages[:] = plan.period * plan.receptive_field
    outputs: list[list[Any]] = [[], []]
    for _ in range(_CHECKED_STEPS * plan.period):
        frame = rng.standard_normal((1, *plan.step_shape)).astype(np.float32)
        for lane, kept in zip(lanes, outputs):
            kept.append(lane.step(frame, np.ones(1, np.bool_))[0].copy())
    pairs = [*zip(*outputs), *zip(*(lane.save().values() for lane in lanes))]
    difference = max(_difference(ours, theirs) for theirs, ours in pairs)
    return "" if difference <= _TOLERANCE else f"a difference of {difference:.1e}"


def _difference(ours: Any, reference: Any) -> float:
    return float(np.abs(ours - reference).max()) / max(float(np.abs(reference).max()), _TINY)
