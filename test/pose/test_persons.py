# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Who counts as a person over time, with a network whose answers the test decides."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from co_perception.pose.gates import GateConfig, compute_extent, in_view
from co_perception.pose.persons import PersonGate
from co_perception.pose.raw import MIRRORED, RawPose
from co_perception.pose.second_look import compute_deviation, cut_out

CONFIG = GateConfig()
IMAGE_SIZE = (640, 480)
Maker = Callable[..., RawPose]
IMAGE = np.zeros((IMAGE_SIZE[1], IMAGE_SIZE[0], 3), np.uint8)
SECOND = 1_000_000_000


class Looker:
    """Finds `pose` in every cut-out, `off` extents away; nothing while `blind`."""

    def __init__(self, pose: RawPose, off: float = 0.0) -> None:
        self.pose, self.off, self.blind, self.looks = pose, off, False, 0

    def __call__(self, square: NDArray[np.uint8]) -> list[RawPose]:
        self.looks += 1
        if self.blind:
            return []
        extent = compute_extent(self.pose, IMAGE_SIZE, CONFIG)
        pixels = self.pose.points * np.asarray(IMAGE_SIZE, np.float32)
        seen = pixels[in_view(self.pose, CONFIG)]
        _, corner = cut_out(IMAGE, seen, 1.8 * extent)
        points = (pixels + [self.off * extent, 0.0] - corner) / square.shape[0]
        if self.looks % 2:  # the first look at a new figure is the mirrored one
            points = (points * (-1.0, 1.0) + (1.0, 0.0))[MIRRORED]
        return [replace(self.pose, points=points.astype(np.float32))]


@pytest.mark.parametrize("mirror", [True, False])
def test_look_measures_how_far_off_the_figure_is(mirror: bool, make_person: Maker) -> None:
    person = make_person()
    looker = Looker(person, off=0.1)
    looker.looks = 0 if mirror else 1
    found = compute_deviation(IMAGE, person, looker, CONFIG, mirror=mirror)
    assert found == pytest.approx(0.1, abs=1e-3)


def test_cut_out_is_black_outside_the_image() -> None:
    image = np.full((20, 30, 3), 9, np.uint8)
    square, corner = cut_out(image, np.array([[0.0, 0.0], [4.0, 4.0]], np.float32), 10.0)
    assert corner.tolist() == [-3.0, -3.0]
    assert square.shape == (10, 10, 3)
    assert not square[:3].any() and (square[3:, 3:] == 9).all()


def test_person_is_let_through_in_the_first_image(make_person: Maker) -> None:
    person = make_person()
    gate = PersonGate(Looker(person))
    assert gate.admit(IMAGE, [person], 0) == [person]
    assert not gate.misled


@pytest.mark.parametrize("off", [0.2, -0.3])
def test_figure_found_elsewhere_is_refused(off: float, make_person: Maker) -> None:
    person = make_person()
    gate = PersonGate(Looker(person, off=off))
    assert gate.admit(IMAGE, [person], 0) == []
    assert gate.misled
    assert gate.refusals["not found by a second look"] == 1


def test_confirmed_person_costs_one_look_per_interval(make_person: Maker) -> None:
    person = make_person()
    looker = Looker(person)
    gate = PersonGate(looker)
    for i in range(10):
        gate.admit(IMAGE, [person], i * SECOND // 10)
        looker.looks = 0 if i == 0 else looker.looks
        if i == 4:
            assert looker.looks == 0
    assert looker.looks == 1


def test_person_survives_doubt_and_ends_with_it(make_person: Maker) -> None:
    person = make_person()
    looker = Looker(person)
    gate = PersonGate(looker)
    assert gate.admit(IMAGE, [person], 0)
    looker.blind = True
    until = int((CONFIG.look_interval_sec + CONFIG.doubt_sec) * SECOND)
    stamps = range(0, 3 * SECOND, SECOND // 20)
    kept = [stamp for stamp in stamps if gate.admit(IMAGE, [person], stamp)]
    assert until - SECOND // 2 <= kept[-1] <= until + SECOND // 2
    assert kept == list(stamps[: len(kept)])  # no flicker


def test_refused_figure_is_not_looked_at_in_every_image(make_person: Maker) -> None:
    person = make_person()
    looker = Looker(person)
    looker.blind = True
    gate = PersonGate(looker)
    for i in range(100):
        gate.admit(IMAGE, [person], i * SECOND // 100)
    assert 3 <= looker.looks <= 8


def test_jump_needs_another_look(make_person: Maker) -> None:
    here, there = make_person(height=0.5), make_person(height=0.5, middle=(0.9, 0.5))
    looker = Looker(here)
    gate = PersonGate(looker)
    assert gate.admit(IMAGE, [here], 0)
    looker.blind = True
    assert gate.admit(IMAGE, [there], SECOND // 30) == []


def test_one_person_seen_twice_counts_once(make_person: Maker) -> None:
    person = make_person()
    again = replace(person, points=person.points + 0.01)
    gate = PersonGate(Looker(person))
    assert len(gate.admit(IMAGE, [person, again], 0)) == 1
    assert gate.refusals["duplicate"] == 1


def test_reset_forgets_the_person(make_person: Maker) -> None:
    person = make_person()
    looker = Looker(person)
    gate = PersonGate(looker)
    assert gate.admit(IMAGE, [person], 0)
    gate.reset()
    looker.blind = True
    assert gate.admit(IMAGE, [person], SECOND // 30) == []
