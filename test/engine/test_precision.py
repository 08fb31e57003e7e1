# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every backend, in every number format, gives what the network gives in fp32, or nearly so."""

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest

from co_perception.engine import ModelFolder, StepBackend, find_model, open_backend
from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast.build import build_step_graphs
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.errors import ConfigError, DependencyError

TOLERANCE = 1e-4
"""max|difference| / max|reference| of logits in fp32."""
OF_SPREAD = 2e-2
"""max|difference| / (max - min) of logits in reduced precision."""
SAME_TOP = 0.99
"""Share of frames with the same best class in reduced precision."""
ROWS = 2


def open_graphs(graphs: list[bytes], backend: str, precision: str) -> StepGraphBackend:
    if backend == "onnxruntime":
        phases = [OrtExecutor(open_session(g, threads=1, where="test"), "test") for g in graphs]
    else:
        pytest.importorskip("openvino", reason="openvino is not installed")
        from co_perception.engine.fast.openvino_executor import OpenVinoExecutor

        try:
            phases = [OpenVinoExecutor(g, "test", precision=precision) for g in graphs]
        except ConfigError as error:
            pytest.skip(str(error))
    return StepGraphBackend(backend, phases, ROWS, precision=precision)


def span(model) -> int:
    """Steps until all rows have seen the receptive field, pauses and a reset included."""
    return 5 + (model.spec.receptive_field + 8) * 5 // 4


@pytest.mark.parametrize(
    ("backend", "precision"),
    [("onnxruntime", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"), ("openvino", "fp16")],
)
def test_a_step_graph_is_as_exact_as_its_number_format(compare, family, backend, precision):
    graphs = [graph.SerializeToString() for graph in build_step_graphs(family)]
    opened = open_graphs(graphs, backend, precision)
    compared = compare(family, opened, span(family), restore_at=family.spec.receptive_field)
    if precision == "fp32":
        assert compared.relative <= TOLERANCE
    else:
        assert compared.of_spread <= OF_SPREAD


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_torch_steps_in_reduced_precision(compare, saved_folder, network, precision):
    with open_folder(saved_folder, "torch", precision) as backend:
        assert backend.precision == precision
        half_way = network.spec.receptive_field
        compared = compare(network, backend, span(network), restore_at=half_way)
        assert 0.0 < compared.of_spread <= OF_SPREAD


@contextlib.contextmanager
def open_folder(path, backend: str, precision: str, rows: int = ROWS) -> Iterator[StepBackend]:
    """Open a model folder on a backend, or skip where it cannot be had here."""
    try:
        opened = open_backend(ModelFolder.load(path), rows, backend=backend, precision=precision)
    except (ConfigError, DependencyError) as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def recorded(skeletons_dir) -> np.ndarray:
    """Features of real people, one clip after another, (T, 5, 13)."""
    from co_perception.training.batches import motion_features
    from co_perception.training.datasets import jhmdb_split
    from co_perception.training.motions import resample

    _, held_out = jhmdb_split(skeletons_dir, 1)
    clips = [motion_features(resample(motion, 15.0).points) for motion in held_out]
    frames = np.concatenate(clips, axis=1).transpose(1, 0, 2)
    assert len(frames) >= 1000
    return np.ascontiguousarray(frames, np.float32)


@pytest.mark.parametrize(("backend", "precision"), [("openvino", "bf16"), ("torch", "bf16")])
def test_the_starter_says_the_same_of_real_people(recorded, backend, precision):
    starter = find_model("starter")
    with (
        open_folder(starter, "onnxruntime", "fp32", 1) as exact,
        open_folder(starter, backend, precision, 1) as reduced,
    ):
        update = np.ones(1, np.bool_)
        pairs = [
            (exact.step(frame[None], update)[0][0].copy(), reduced.step(frame[None], update)[0][0])
            for frame in recorded[:1500]
        ]
        ours = np.array([b for _, b in pairs])
        theirs = np.array([a for a, _ in pairs])
    same = (ours.argmax(1) == theirs.argmax(1)).mean()
    assert np.abs(ours - theirs).max() <= OF_SPREAD * np.ptp(theirs)
    assert same >= SAME_TOP, f"the same best class on {same:.2%} of {len(theirs)} frames"
