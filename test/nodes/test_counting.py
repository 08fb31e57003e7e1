# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Lost images and ages of tracks; stamps of frames."""

import numpy as np
import pytest

from co_perception.camera.source import Frame, PersonTruth
from co_perception.nodes.counting import ImageCount, TrackAges
from co_perception.nodes.reader import FrameStamper
from co_perception.skeleton.types import Skeleton, TrackState

IMAGE = np.zeros((2, 2, 3), np.uint8)


def test_count_adds_what_was_dropped_lost_and_replaced():
    count = ImageCount()
    first = count.arrived(sequence=7, dropped_images=3)
    assert count.processed(first) == 0  # what came before us is not our loss
    count.arrived(8, 0)  # replaced in the mailbox
    count.arrived(9, 2)  # replaced; two more were dropped before it
    number = count.arrived(12, 1)  # two messages lost; one dropped before it
    assert count.processed(number) == 1 + 3 + 2 + 1


def test_count_does_not_take_a_restart_or_a_pause_for_a_loss():
    count = ImageCount()
    assert count.processed(count.arrived(100, 0)) == 0
    assert count.processed(count.arrived(0, 5)) == 0  # the stage before began anew
    count.pause()
    assert count.processed(count.arrived(50, 5)) == 0


def skeleton(body_id, state=TrackState.OK):
    return Skeleton("common13", np.zeros((13, 3), np.float32), (2, 2), 1.0, None, body_id, state)


def test_ages_are_image_time_since_the_first_sight():
    ages = TrackAges()
    assert [s.track_age_ns for s in ages.apply([skeleton("a")], 100)] == [0]
    both = ages.apply([skeleton("a"), skeleton("b")], 250)
    assert [s.track_age_ns for s in both] == [150, 0]
    gone = ages.apply([skeleton("a", TrackState.REMOVED)], 300)
    assert gone[0].track_age_ns == 200
    assert ages.apply([skeleton("a")], 400)[0].track_age_ns == 0
    assert ages.apply([skeleton("b")], 50)[0].track_age_ns == 0


class Now:
    """A clock that the test sets."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


def test_file_stamps_begin_now_and_never_go_back_over_a_loop():
    clock = Now(1000)
    stamper = FrameStamper(clock, live=False, loop_pause_ns=50)
    stamps = [stamper.stamp(Frame(IMAGE, t, 0, loop=0)) for t in (5, 15, 25)]
    assert stamps == [1000, 1010, 1020]
    clock.now = 900  # read faster than real time
    assert stamper.stamp(Frame(IMAGE, 5, 0, loop=1)) == 1070
    clock.now = 5000
    assert stamper.stamp(Frame(IMAGE, 5, 0, loop=2)) == 5000


@pytest.mark.parametrize(("sim_time", "expected"), [(False, 42), (True, 1000)])
def test_live_stamps_are_the_cameras_or_simulated_time(sim_time, expected):
    stamper = FrameStamper(Now(1000), live=True, sim_time=sim_time)
    assert stamper.stamp(Frame(IMAGE, 42, 0)) == expected


def test_truth_moves_with_the_stamp():
    person = PersonTruth("p", "wave", 3, np.zeros((13, 2), np.float32), np.ones(13, bool))
    frame = FrameStamper(Now(1000), live=False).restamp(Frame(IMAGE, 5, 0, truth=(person,)))
    assert (frame.stamp_ns, frame.truth[0].since_ns) == (1000, 998)
