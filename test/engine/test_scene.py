# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Models of whole images: from images to frames, and the stream of one or more cameras."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from co_perception.engine import EventType, ModelFolder, Reason, Validity, open_backend
from co_perception.engine.decisions import compute_probabilities
from co_perception.engine.image_input import to_frame
from co_perception.engine.model_input import ModelInput, choose_short_side
from co_perception.errors import ShapeError

RATE = 15.0
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SNAP_NS = round(0.15 * SECOND / RATE)
CLASSES = 3
RGB = {"mean": (0.45, 0.5, 0.4), "std": (0.225, 0.2, 0.3)}
FRAME_TOLERANCE = 1e-3
"""Of frames in -2..2: torch works out the places of pixels in float32."""
SCORE_TOLERANCE = 1e-6
"""Of probabilities 0..1: the same network on the same frames."""


@pytest.fixture
def open_scenes(open_recogniser, scene_folder):
    """Open recognisers on the model of whole images."""
    return lambda **given: open_recogniser(path=scene_folder, **given)


def image(seed: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """An image of noise, (H, W, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def scores_of(activity) -> np.ndarray:
    row = np.full(CLASSES, np.nan)
    for score in activity.scores:
        row[score.class_id] = score.score
    return row


@pytest.mark.parametrize("short_side", [0, 36, 50])
@pytest.mark.parametrize("size", [(48, 64), (200, 37), (32, 32), (1, 1)])
def test_frames_equal_the_preparation_of_the_published_networks(size, short_side):
    """ShortSideScale, CenterCrop and Normalize of pytorchvideo, by torch's own functions."""
    torch = pytest.importorskip("torch", reason="torch's interpolate is the oracle")
    given_input = ModelInput("video", 3, height=32, width=32, short_side=short_side, **RGB)
    short, (height, width) = min(size), size
    scaled = (32, 32)
    if short_side:
        scaled = (height * short_side // short, width * short_side // short)
    pixels = image(1, size)
    clip = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    clip = torch.nn.functional.interpolate(clip, scaled, mode="bilinear", align_corners=False)
    top, left = (round((side - 32) / 2) for side in scaled)
    expected = clip[0, :, top : top + 32, left : left + 32]
    mean, std = (torch.tensor(RGB[name])[:, None, None] for name in ("mean", "std"))
    expected = ((expected - mean) / std).numpy()
    frame = to_frame(pixels, given_input)
    assert frame.shape == (3, 32, 32) and frame.dtype == np.float32 and frame.flags.c_contiguous
    np.testing.assert_allclose(frame, expected, atol=FRAME_TOLERANCE)
    turned = np.ascontiguousarray(pixels[..., ::-1])[..., ::-1]  # a BGR image, seen as RGB
    np.testing.assert_array_equal(to_frame(turned, given_input), frame)


def test_short_sides_are_those_that_the_published_networks_were_trained_with():
    assert [choose_short_side(side, side) for side in (160, 224, 312)] == [182, 256, 356]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(np.zeros((48, 64), np.uint8), id="grayscale"),
        pytest.param(np.zeros((48, 64, 4), np.uint8), id="alpha"),
        pytest.param(np.zeros((48, 64, 3), np.float32), id="float"),
        pytest.param(np.zeros((0, 64, 3), np.uint8), id="empty"),
        pytest.param("image.png", id="path"),
    ],
)
def test_what_is_no_image_is_refused_and_changes_nothing(open_scenes, wrong):
    recogniser = open_scenes()
    (before,) = recogniser.update(START, {"scene": image(0)})
    with pytest.raises(ShapeError, match=r"expected an RGB image \(H, W, 3\) of uint8, got "):
        recogniser.update(START + SECOND // 15, {"scene": wrong})
    assert recogniser.counters.images == 1
    (after,) = recogniser.update(START + SECOND // 15, {"scene": image(1)})
    assert after.state_steps == before.state_steps + 1


def test_each_model_refuses_what_the_other_takes(open_scenes, open_recogniser, person):
    with pytest.raises(ShapeError, match="expected an RGB image .* got a Skeleton"):
        open_scenes().update(START, {"p1": person(1, START)})
    with pytest.raises(ShapeError, match="expected a Skeleton, got a ndarray"):
        open_recogniser().update(START, {"scene": image(1)})


def choose_images(stamps: list[int]) -> list[int]:
    """An oracle of its own: for each tick the image within 15 % of it, else the nearer one."""
    chosen = []
    for tick in range(int((stamps[-1] + SNAP_NS - stamps[0]) * RATE / SECOND + 1e-6) + 1):
        at = stamps[0] + int(tick * SECOND / RATE)
        later = next(i for i, t in enumerate(stamps) if t >= at - SNAP_NS)
        is_later = later == 0 or stamps[later] - at < at - stamps[later - 1]
        taken = is_later or abs(stamps[later] - at) <= SNAP_NS
        chosen.append(later if taken else later - 1)
    return chosen


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # smaller images of noise say no more
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_stream_equals_the_backend_stepped_by_hand(open_scenes, scene_folder, data):
    """Any rate and jitter, images of any size, a reset on the way: scores are the network's."""
    rate = data.draw(st.sampled_from([6.0, 12.0, 15.0, 25.0, 30.0]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    count = int(4 * rate)
    jitter = rng.uniform(0.0, 0.3, count) * SECOND / rate
    stamps = [START + int(i * SECOND / rate + jitter[i]) for i in range(count)]
    images = [image(i, tuple(rng.integers(20, 80, 2))) for i in range(count)]
    folder = ModelFolder.load(scene_folder)
    by_hand = open_backend(folder, 1, backend="onnxruntime")
    recogniser = open_scenes()
    for _ in range(2):
        answers = [recogniser.update(t, {"scene": i})[0] for t, i in zip(stamps, images)]
        expected = []
        for index in choose_images(stamps):
            frame = to_frame(images[index], folder.input)[None]
            logits, valid = by_hand.step(frame, np.ones(1, bool))
            expected.append(compute_probabilities(logits[0], 0.02) if valid[0] else None)
        assert answers[-1].state_steps == len(expected)
        shown = [a for a in answers if a.validity is Validity.VALID]
        assert len(shown) >= 8
        for answer in shown:
            wanted = expected[answer.state_steps - 1]
            np.testing.assert_allclose(scores_of(answer), wanted, atol=SCORE_TOLERANCE)
        by_hand.reset([0])
        assert recogniser.reset("scene") == 1
        stamps = [t + stamps[-1] - START + 2 * SECOND for t in stamps]  # a gap: ticks begin anew
    by_hand.close()


def test_a_young_scene_warms_up_and_a_silent_camera_goes_stale_and_leaves(open_scenes):
    recogniser = open_scenes(grace_sec=0.5)
    answers = []
    for i in range(45):
        answers += recogniser.update(START + round(i * SECOND / RATE), {"scene": image(i)})
    assert {a.validity for a in answers[:31]} == {Validity.WARMING_UP}
    assert {a.validity for a in answers[31:]} == {Validity.VALID}
    assert answers[-1].label and answers[-1].reason is Reason.NONE
    last = answers[-1].evidence_end_ns
    (held,) = recogniser.update(last + SECOND // 4, {"scene": None})
    assert (held.validity, held.reason) == (Validity.HELD, Reason.LOST)
    (stale,) = recogniser.update(last + SECOND * 3 // 4, {"scene": None})
    assert stale.validity is Validity.STALE
    recogniser.update(last + SECOND * 3 // 2, {})
    kinds = [event.type for event in recogniser.take_events()]
    assert kinds[0] is EventType.PERSON_ENTERED and kinds[-1] is EventType.PERSON_LEFT
    assert kinds.count(EventType.STARTED) == kinds.count(EventType.ENDED) >= 1


def test_cameras_do_not_see_each_other_and_those_over_the_limit_are_told(open_scenes):
    both, alone = open_scenes(max_streams=2), open_scenes(max_streams=1)
    for i in range(40):
        t = START + round(i * SECOND / RATE)
        given_images = {"front": image(i), "back": image(1000 + i), "top": image(2000 + i)}
        front, _, top = both.update(t, given_images)
        (expected,) = alone.update(t, {"front": image(i)})
        np.testing.assert_allclose(scores_of(front), scores_of(expected), atol=SCORE_TOLERANCE)
        assert (top.validity, top.reason) == (Validity.INVALID, Reason.OVER_LIMIT)
    assert front.usable


def test_cameras_out_of_step_are_each_stepped_by_their_own_images(open_scenes):
    """The back camera's images come after the front one's, and are 30 ms older."""
    both, alone = open_scenes(), open_scenes()
    for i in range(40):
        t = START + round(i * SECOND / RATE)
        (front,) = both.update(t, {"front": image(i)})
        (expected,) = alone.update(t, {"front": image(i)})
        np.testing.assert_allclose(scores_of(front), scores_of(expected), atol=SCORE_TOLERANCE)
        (back,) = both.update(t - 30_000_000, {"back": image(1000 + i)})
    assert back.usable and back.state_steps >= 38 and both.counters.time_jumps == 0


def test_duplicates_stragglers_jumps_and_gaps_are_as_for_people(open_scenes):
    recogniser = open_scenes()
    for i in range(40):
        t = START + round(i * SECOND / RATE)
        (before,) = recogniser.update(t, {"scene": image(i)})
    for again in (t, t - 40_000_000):
        (held,) = recogniser.update(again, {"scene": image(99)})
        assert held.validity is Validity.HELD and held.scores == before.scores
    (after,) = recogniser.update(t + 2 * SECOND, {"scene": image(1)})
    assert (after.reason, after.state_steps) == (Reason.RESET_GAP, 1)
    (again,) = recogniser.update(START, {"scene": image(1)})
    assert (again.reason, again.state_steps) == (Reason.RESET_TIME_JUMP, 1)
    counters = recogniser.counters
    assert (counters.duplicates, counters.stragglers) == (1, 1)
    assert (counters.gaps, counters.time_jumps) == (1, 1)
