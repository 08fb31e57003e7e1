# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A small real model folder, and people who move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from co_perception.engine import Recogniser, RecogniserConfig
from co_perception.skeleton.types import Skeleton, TrackState


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch) -> None:
    """Keep what engines cache out of the home folder, and out of other tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


LABELS = ("stand", "walk", "wave", "jump", "bend")
SECOND = 1_000_000_000

Person = Callable[..., Skeleton]


_VIDEO = {"num_classes": 5, "width": 0.25, "image_size": 32, "window": 4}
_SKELETON = {"num_classes": 5, "width": 0.0625, "layout": "common13", "window": 82}
_NARROW = {
    "co_st_gcn_small": {"num_classes": 5},
    "cox3d_s": _VIDEO,
    "coi3d_r50": {**_VIDEO, "width": 0.125},
    "co_agcn_mod": {**_SKELETON, "width": 0.125},
}
_FAMILIES = {
    "starter": ("co_st_gcn_small", {}),
    "cox3d": ("cox3d_s", {}),
    "cox3d-replicate": ("cox3d_s", {"fill": "replicate"}),
    "st-gcn-starred": ("co_st_gcn_mod", {}),
    "st-gcn-strided": ("co_st_gcn", {}),
    "agcn": ("co_agcn_mod", {}),
    "s-tr": ("co_s_tr_mod", {}),
    "two-stream-two-persons": ("co_st_gcn_mod", {"stream": "two-stream", "persons": 2}),
    "i3d-strided": ("coi3d_r50", {}),
}


@pytest.fixture(scope="session")
def make_narrow():
    """Make a published network, narrower, with random weights and norms that do something."""
    torch = pytest.importorskip("torch", reason="making a network needs torch")
    from co_perception import continual as co
    from co_perception.models import create_model

    def make(name: str, **changes):
        torch.manual_seed(0)
        model = create_model(name, **{**_NARROW.get(name, _SKELETON), **changes}).eval()
        for module in model.modules():
            if isinstance(module, co.BatchNorm):
                module.running_mean.normal_(0.0, 0.3)
                module.running_var.uniform_(0.5, 2.0)
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.normal_(0.0, 0.2)
        return model

    return make


@pytest.fixture(params=_FAMILIES)
def family(request, make_narrow):
    """A network of each family that has a step graph."""
    name, changes = _FAMILIES[request.param]
    return make_narrow(name, **changes)


class Comparison(NamedTuple):
    """How far the logits of a backend are from its network's."""

    difference: float
    largest: float
    spread: float

    @property
    def relative(self) -> float:
        """max|difference| / max|reference|."""
        return self.difference / self.largest

    @property
    def of_spread(self) -> float:
        """max|difference| / (max - min) of the reference."""
        return self.difference / self.spread


@pytest.fixture(scope="session")
def compare():
    """Step a backend beside its network, from cold to warm, and compare them.

    Rows start late, pause and begin anew on their own; answers come at the same steps. At step
    `restore_at` the backend goes on from a saved state. Frames are random: normal, or such
    rounded to whole numbers.
    """
    torch = pytest.importorskip("torch", reason="the reference needs torch")
    from co_perception import continual as co

    def step_both(
        model, backend, steps: int, restore_at: int | None = None, whole_numbers: bool = False
    ) -> Comparison:
        rng, rows = np.random.default_rng(1), backend.rows
        state, answered = model.init_state(rows), 0
        difference, low, high = 0.0, np.inf, -np.inf
        for t in range(steps):
            frame = rng.standard_normal((rows, *model.spec.step_shape)).astype(np.float32)
            if whole_numbers:
                frame = np.rint(frame)
            update = (rng.random(rows) < 0.9) & (np.arange(rows) * 3 <= t)
            if t == 5:
                state = co.reset(state, torch.arange(rows) == 1)
                backend.reset([1])
            if t == restore_at:
                backend.restore_state(backend.save_state())
            with torch.inference_mode():
                logits, valid, state = model.forward_step(
                    torch.from_numpy(frame), state, torch.from_numpy(update)
                )
            ours, our_valid = backend.step(frame, update)
            np.testing.assert_array_equal(our_valid, valid.numpy())
            difference = max(difference, float(np.abs(ours - logits.numpy()).max()))
            theirs = logits.numpy()[our_valid]
            if theirs.size:
                answered += len(theirs)
                low, high = min(low, float(theirs.min())), max(high, float(theirs.max()))
        assert answered > rows
        return Comparison(difference, max(-low, high), high - low)

    return step_both


@pytest.fixture(scope="session")
def network():
    """A co_st_gcn_small with random weights whose answers differ and are sure at times."""
    torch = pytest.importorskip("torch", reason="making a model folder needs torch")
    from co_perception.models import create_model

    torch.manual_seed(7)
    model = create_model(
        "co_st_gcn_small", num_classes=len(LABELS), widths=(16, 24), dilations=(1, 2), window=4
    )
    model.train()
    with torch.no_grad():
        for _ in range(5):  # so that batch norm has statistics other than 0 and 1
            model(torch.randn(8, 5, 20, 13))
        for name, parameter in model.named_parameters():
            if "classifier" in name:
                parameter.mul_(8.0)
    return model.eval()


@pytest.fixture(scope="session")
def saved_folder(network, tmp_path_factory) -> Path:
    """The network as a model folder; not to be changed."""
    from co_perception.engine.save import save_model_folder

    path = tmp_path_factory.mktemp("models") / "tiny"
    save_model_folder(
        path,
        network,
        name="tiny",
        labels=LABELS,
        joint_layout="common13",
        features="root_scaled",
        min_evidence=0.5,
        thresholds={"enter": 0.5, "exit": 0.35, "min_hold_sec": 0.2},
        temperature=1.0,
        license="Apache-2.0",
        training_data=["none: random weights"],
        card="# tiny\n\nRandom weights, for tests.\n",
    )
    return path


@pytest.fixture
def folder(saved_folder, tmp_path) -> Path:
    """A copy of the model folder that a test may spoil."""
    return Path(shutil.copytree(saved_folder, tmp_path / "tiny"))


@pytest.fixture
def edit_yaml(folder) -> Callable[[Callable[[dict], None]], Path]:
    """Change the copy's model.yaml by a function of its content."""

    def edit(change: Callable[[dict], None]) -> Path:
        file = folder / "model.yaml"
        content = yaml.safe_load(file.read_text())
        change(content)
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return folder

    return edit


@pytest.fixture
def open_recogniser(saved_folder) -> Iterator[Callable[..., Recogniser]]:
    """Open recognisers on the model folder; keyword arguments are the config's, mostly."""
    opened: list[Recogniser] = []

    def open_one(
        max_streams: int = 4, backend: str = "onnxruntime", path: Path | None = None, **config
    ) -> Recogniser:
        opened.append(
            Recogniser.from_folder(
                path or saved_folder,
                backend=backend,
                max_streams=max_streams,
                config=RecogniserConfig(**config),
            )
        )
        return opened[-1]

    yield open_one
    for recogniser in opened:
        recogniser.close()


def _points(seed: int, time_sec: float) -> NDArray[np.float32]:
    """Joints of a made-up person: upright, each joint swinging at its own pace."""
    rng = np.random.default_rng(seed)
    rest = np.array(
        [
            (0.50, 0.20),
            (0.55, 0.30),
            (0.45, 0.30),
            (0.58, 0.42),
            (0.42, 0.42),
            (0.59, 0.53),
            (0.41, 0.53),
            (0.53, 0.55),
            (0.47, 0.55),
            (0.53, 0.72),
            (0.47, 0.72),
            (0.53, 0.90),
            (0.47, 0.90),
        ]
    )
    pace, phase = rng.uniform(0.3, 1.5, (13, 2)), rng.uniform(0, 6.28, (13, 2))
    swing = rng.uniform(0.0, 0.06, (13, 2))
    xy = rest + swing * np.sin(2 * np.pi * pace * time_sec + phase)
    return np.concatenate([xy, np.full((13, 1), 0.9)], axis=1).astype(np.float32)


@pytest.fixture(scope="session")
def person() -> Person:
    """Make the skeleton of person `seed` at an image stamp."""

    def make(
        seed: int, stamp_ns: int, *, missing: tuple[int, ...] = (), size=(640, 480), **fields
    ) -> Skeleton:
        points = _points(seed, stamp_ns / SECOND)
        points[list(missing)] = (np.nan, np.nan, 0.0)
        fields = {"track_state": TrackState.OK, **fields}
        return Skeleton("common13", points, size, 0.9, body_id=f"p{seed}", **fields)

    return make
