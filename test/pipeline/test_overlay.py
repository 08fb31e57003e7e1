# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The drawing shows what is known, at every image size, and leaves its input alone."""

from dataclasses import replace

import numpy as np
import pytest

from co_perception.engine.activity import Activity, ActivityScore, Reason, Validity
from co_perception.errors import ShapeError
from co_perception.overlay import draw
from co_perception.palette import NEUTRAL, label_rgb, state_words
from co_perception.skeleton.layouts import get_layout, list_layouts
from co_perception.skeleton.types import Skeleton, TrackState

GREY = 128


def image_of(width, height):
    return np.full((height, width, 3), GREY, np.uint8)


def skeleton_of(layout="common13", width=640, height=480, low=0.3, high=0.9):
    count = len(get_layout(layout))
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(low, high, (count, 2)), np.ones(count)])
    return Skeleton(layout, points.astype(np.float32), (width, height), 0.9, body_id="pabc_1",
                    track_state=TrackState.OK)  # fmt: skip


VALID = Activity("pabc_1", Validity.VALID, label="walk", class_id=1, confidence=0.9)


def changed(image, drawn):
    return (image != drawn).any(axis=2)


@pytest.mark.parametrize("layout", list_layouts())
def test_every_layout_is_drawn_inside_its_box(layout):
    image = image_of(640, 480)
    skeleton = skeleton_of(layout)
    drawn = draw(image, [skeleton])
    assert (image == GREY).all()
    rows, columns = np.nonzero(changed(image, drawn))
    x_min, y_min, x_max, y_max = skeleton.box
    margin = 8
    assert x_min * 640 - margin <= columns.min() <= columns.max() <= x_max * 640 + margin
    assert y_min * 480 - margin <= rows.min() <= rows.max() <= y_max * 480 + margin
    assert changed(image, drawn).mean() > 0.005


@pytest.mark.parametrize(("width", "height"), [(64, 48), (640, 480), (720, 1280), (1920, 1080)])
def test_the_drawing_grows_with_the_image(width, height):
    image = image_of(width, height)
    share = changed(image, draw(image, [skeleton_of(width=width, height=height)], [VALID])).mean()
    assert 0.02 < share < 0.9


def test_the_sides_of_the_body_have_their_colours():
    skeleton = skeleton_of("coco17")
    drawn = draw(image_of(640, 480), [skeleton]).astype(int)
    names = get_layout("coco17").joints
    for side, stronger, weaker in (("left", 0, 2), ("right", 2, 0)):
        pair = [names.index(f"{side}_{joint}") for joint in ("knee", "ankle")]
        x, y = (skeleton.points_px[pair].mean(axis=0)).round().astype(int)
        pixel = drawn[y, x]
        assert pixel[stronger] > pixel[weaker] + 50, side


def test_hidden_and_missing_joints_are_not_drawn():
    image = image_of(640, 480)
    hidden = skeleton_of()
    points = hidden.points.copy()
    points[::2] = (np.nan, np.nan, 0.0)
    points[1::2, 2] = 0.1
    assert not changed(image, draw(image, [replace(hidden, points=points)])).any()


def test_joints_far_outside_do_no_harm():
    skeleton = skeleton_of()
    points = skeleton.points.copy()
    points[:5, :2] = [[1e6, -1e6], [np.inf, 0.5], [-1e9, 0], [0.5, 1e12], [3, 3]]
    draw(image_of(640, 480), [replace(skeleton, points=points)], [VALID])


def test_removed_people_are_not_drawn_and_lost_ones_are_grey():
    image = image_of(640, 480)
    gone = replace(skeleton_of(), track_state=TrackState.REMOVED)
    assert not changed(image, draw(image, [gone], [VALID])).any()
    lost = draw(image, [replace(skeleton_of(), track_state=TrackState.LOST)]).astype(int)
    assert (np.ptp(lost, axis=2) <= 10).all()


@pytest.mark.parametrize("place", [(0.0, 0.1), (0.9, 1.0)], ids=["upper-left", "lower-right"])
def test_the_panel_stays_inside_the_image(place):
    image = image_of(640, 480)
    skeleton = skeleton_of(low=place[0], high=place[1])
    with_panel = changed(image, draw(image, [skeleton], [VALID]))
    without = changed(image, draw(image, [skeleton]))
    assert (with_panel & ~without).sum() > 3000


def test_the_bar_is_as_long_as_the_confidence():
    def bar_pixels(confidence):
        drawn = draw(image_of(640, 480), [skeleton_of()], [replace(VALID, confidence=confidence)])
        return (drawn == label_rgb("walk")[::-1]).all(axis=2).sum()

    empty, half, full = bar_pixels(0.0), bar_pixels(0.5), bar_pixels(1.0)
    assert half - empty == pytest.approx((full - empty) / 2, rel=0.05)
    assert full > empty


def test_an_answer_that_is_not_usable_shows_no_activity_colour():
    cold = Activity("pabc_1", Validity.WARMING_UP, warmup=0.5, label="walk")
    drawn = draw(image_of(640, 480), [skeleton_of()], [cold])
    assert not (drawn == label_rgb("walk")[::-1]).all(axis=2).any()
    assert (drawn == NEUTRAL[::-1]).all(axis=2).any()


def test_a_whole_image_answer_has_its_panel():
    image = image_of(640, 480)
    scene = replace(VALID, stream_id="scene")
    assert changed(image, draw(image, [], [scene]))[:100, :200].mean() > 0.2


def test_caption_is_in_the_lower_left_corner():
    image = image_of(640, 480)
    mask = changed(image, draw(image, [], caption="pose 20 ms"))
    assert mask[440:, :60].any()
    assert not mask[:400].any()


@pytest.mark.parametrize(
    ("activity", "words"),
    [
        (VALID, ""),
        (Activity("a", Validity.WARMING_UP, warmup=0.426), "warming up 43%"),
        (Activity("a", Validity.HELD, Reason.FEW_JOINTS), "held: too few joints"),
        (Activity("a", Validity.HELD), "held"),
        (Activity("a", Validity.STALE, Reason.LOST), "stale: out of sight"),
        (Activity("a", Validity.INVALID, Reason.OVER_LIMIT), "too many people"),
        (Activity("a", Validity.INVALID), "no answer"),
    ],
)
def test_states_in_words(activity, words):
    assert state_words(activity) == words


def test_unknown_and_undecided_have_the_neutral_colour():
    assert label_rgb("unknown") == label_rgb("") == NEUTRAL
    assert label_rgb("a new activity") == label_rgb("a new activity") != NEUTRAL


def test_scores_of_an_unknown_answer_are_hinted_at():
    unknown = replace(VALID, label="unknown", scores=(ActivityScore(2, "jump", 0.4),))
    plain = draw(image_of(640, 480), [skeleton_of()], [replace(unknown, scores=())])
    hinted = draw(image_of(640, 480), [skeleton_of()], [unknown])
    assert changed(plain, hinted).any()


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)], ids=["grey", "float"]
)
def test_other_images_are_refused(image):
    with pytest.raises(ShapeError, match=r"expected a BGR image \(H, W, 3\) of uint8"):
        draw(image, [])
