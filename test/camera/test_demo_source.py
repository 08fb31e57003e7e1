# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The demo camera as a frame source: determinism, sizes, rates, pace, truth and ends."""

import time

import numpy as np
import pytest

from co_perception.camera import open_source
from co_perception.camera.demo import DemoSource, create_stage
from co_perception.errors import ConfigError
from co_perception.motion import project

PACE_TOLERANCE_SEC = 0.25


def test_frames_are_the_same_for_equal_seeds() -> None:
    first, second, other = (
        list(DemoSource(seed=seed, duration=0.2, real_time=False)) for seed in (3, 3, 4)
    )
    assert len(first) == 6
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.truth[0].joints_px, b.truth[0].joints_px)
    assert not np.array_equal(first[0].image, other[0].image)


@pytest.mark.parametrize(
    "size", [(640, 480), (1920, 1080), (360, 640), (161, 97), (64, 64)], ids=str
)
def test_any_size_is_painted(size: tuple[int, int]) -> None:
    frame = DemoSource(width=size[0], height=size[1], real_time=False).read()
    assert frame is not None
    assert frame.image.shape == (size[1], size[0], 3)
    assert frame.image.dtype == np.uint8
    assert frame.image.std() > 10.0
    assert frame.truth[0].visible.mean() > 0.5


@pytest.mark.parametrize("rate", [5.0, 29.97, 60.0])
def test_stamps_follow_the_rate_and_pictures_follow_the_stamps(rate: float) -> None:
    frames = list(DemoSource(rate=rate, duration=1.0, real_time=False, width=160, height=120))
    assert len(frames) == round(rate)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    stamps = np.array([frame.stamp_ns for frame in frames])
    np.testing.assert_allclose(stamps, np.arange(len(frames)) / rate * 1e9, atol=1.0)


def test_truth_matches_the_script() -> None:
    source = DemoSource(
        labels=["stand", "wave"], seconds=(2.0, 2.0), rate=10.0, real_time=False, loop=False
    )
    script, view = source.stage.actors[0].timeline, source.stage.view
    frames = list(source)
    assert len(frames) == round(script.duration * 10.0)
    for frame in frames:
        t = np.array([frame.stamp_ns * 1e-9])
        (truth,) = frame.truth
        assert truth.label == script.labels_at(t)[0]
        assert truth.since_ns == round(script.starts_at(t)[0] * 1e9)
        expected = project(script.solve_at(t).joints[0, :13], view)
        np.testing.assert_allclose(truth.joints_px, expected, atol=0.01)
    assert {frame.truth[0].label for frame in frames} == {"stand", "wave"}


def test_script_repeats_and_loops_are_counted() -> None:
    stage = create_stage(width=160, height=120, labels=["stand"], seconds=(1.0, 1.0))
    frames = list(DemoSource(stage=stage, rate=10.0, duration=2.5, real_time=False))
    assert len(frames) == 25
    assert [frame.loop for frame in frames] == [0] * 10 + [1] * 10 + [2] * 5
    assert np.array_equal(frames[3].image, frames[13].image)
    assert frames[13].truth[0].since_ns == 1_000_000_000


def test_real_time_keeps_the_pace_and_skips_what_is_late() -> None:
    source = DemoSource(width=160, height=120, rate=20.0, duration=1.0)
    begin = time.time()
    first = source.read()
    assert first is not None
    assert abs(first.stamp_ns * 1e-9 - begin) < PACE_TOLERANCE_SEC
    time.sleep(0.5)
    second = source.read()
    assert second is not None and second.index >= 9
    assert source.status.dropped_frames == second.index - 1
    rest = list(source)
    assert rest[-1].index <= 19
    assert abs(time.time() - begin - 1.0) < PACE_TOLERANCE_SEC
    assert all(abs(f.stamp_ns - first.stamp_ns - f.index * 50_000_000) < 2 for f in rest)
    assert source.info.live and source.info.frame_count == 20


def test_close_ends_the_source_and_may_be_called_twice() -> None:
    source = DemoSource(width=64, height=64, real_time=False)
    assert source.read() is not None
    source.close()
    source.close()
    assert source.read() is None


def test_several_persons_are_named_and_stand_apart() -> None:
    with open_source("demo", persons=3, real_time=False, width=640, height=360) as source:
        frame = source.read()
    assert frame is not None
    assert [truth.name for truth in frame.truth] == ["person_1", "person_2", "person_3"]
    hips = np.array([truth.joints_px[7:9].mean(axis=0) for truth in frame.truth])
    assert np.diff(np.sort(hips[:, 0])).min() > 60.0
    assert all(truth.visible.mean() > 0.5 for truth in frame.truth)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"persons": 0}, "persons"),
        ({"rate": 0.0}, "rate"),
        ({"width": 8}, "image"),
        ({"duration": -1.0}, "duration"),
        ({"split": "test"}, "split"),
        ({"labels": ["dance"]}, "dance"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DemoSource(**arguments)  # type: ignore[arg-type]
