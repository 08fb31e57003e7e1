# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A room with persons who follow their scripts, seen by one camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.figure import Figure
from co_perception.camera.demo.looks import sample_look
from co_perception.camera.demo.painter import paint_figure
from co_perception.camera.demo.room import create_room
from co_perception.camera.demo.shadow import cast_shadow
from co_perception.camera.demo.sight import is_visible
from co_perception.camera.demo.stool import Stool
from co_perception.camera.source import PersonTruth
from co_perception.errors import ConfigError
from co_perception.motion.body import COMMON13
from co_perception.motion.curves import FloatArray
from co_perception.motion.kinematics import SolvedPose
from co_perception.motion.splits import create_rng
from co_perception.motion.timeline import Timeline, make_timeline
from co_perception.motion.view import View, project, sample_view

__all__ = ["Actor", "Stage", "create_stage"]

_SPACING_M = 1.5
_MAX_PERSONS = 6
_MAX_DETAIL = 1.8


@dataclass(frozen=True)
class Actor:
    """One person on the stage.

    Attributes:
        name: Name in the truth.
        timeline: What the person does.
        figure: What the person looks like.
        stool: What the person sits on.
        place: Left and forward of the middle of the stage, metres.
    """

    name: str
    timeline: Timeline
    figure: Figure
    stool: Stool
    place: tuple[float, float]

    @property
    def offset(self) -> FloatArray:
        """The place as a vector (3,) of the world, metres."""
        return np.array([self.place[0], 0.0, self.place[1]])

    def pose_at(self, t: float) -> SolvedPose:
        """Return the solved pose of one moment (T = 1), seconds, at this person's place."""
        pose = self.timeline.solve_at(np.array([t]))
        pose.joints[...] += self.offset
        return pose


@dataclass(frozen=True)
class Stage:
    """Persons, camera and the picture of the empty room."""

    actors: tuple[Actor, ...]
    view: View
    room: NDArray[np.uint8]

    @property
    def duration(self) -> float:
        """Length of the longest script, seconds; shorter ones start over before."""
        return max(actor.timeline.duration for actor in self.actors)

    def render(self, t: float) -> tuple[NDArray[np.uint8], tuple[PersonTruth, ...]]:
        """Paint the moment `t`, seconds, and tell what is to be seen.

        Returns:
            (H, W, 3) uint8 BGR, and the truth of each person with `since_ns` on the clock of `t`.
        """
        poses = [actor.pose_at(t) for actor in self.actors]
        image = self.room.copy()
        for actor, pose in zip(self.actors, poses, strict=True):
            cast_shadow(image, pose.joints[0], actor.timeline.body, self.view)
        far = [float(self.view.depth(pose["mid_hip"])[0]) for pose in poses]
        for i in np.argsort(far)[::-1].tolist():
            actor, seat = self.actors[i], self.actors[i].stool.points(t)
            prop = None if seat is None else (actor.stool, seat + actor.offset)
            paint_figure(image, actor.figure, poses[i], 0, self.view, prop)
        return image, tuple(self._truth(i, t, poses) for i in range(len(poses)))

    def _truth(self, who: int, t: float, poses: Sequence[SolvedPose]) -> PersonTruth:
        actor, now = self.actors[who], np.array([t])
        joints = [pose.joints[0] for pose in poses]
        bodies = [other.timeline.body for other in self.actors]
        return PersonTruth(
            name=actor.name,
            label=actor.timeline.labels_at(now)[0],
            since_ns=max(0, round(float(actor.timeline.starts_at(now)[0]) * 1e9)),
            joints_px=project(joints[who][: len(COMMON13)], self.view).astype(np.float32),
            visible=is_visible(who, joints, bodies, self.view),
        )


def create_stage(
    *,
    width: int,
    height: int,
    seed: int = 0,
    persons: int = 1,
    split: str = "judge",
    labels: Sequence[str] | None = None,
    seconds: tuple[float, float] = (4.0, 7.0),
    view: View | None = None,
) -> Stage:
    """Cast the persons, write their scripts and set up the camera.

    Args:
        width: Image width, pixels.
        height: Image height, pixels.
        seed: Equal seeds give equal stages.
        persons: How many, beside each other.
        split: Split of motions, bodies and views: "judge" or "train".
        labels: Order of activities for everyone; None: all, shuffled, different for each person.
        seconds: Shortest and longest time for an activity.
        view: Camera; None: drawn from the split, seeing the persons rather from the front.

    Raises:
        ConfigError: If there are no persons or too many, or a size is too small.
    """
    if not 1 <= persons <= _MAX_PERSONS:
        raise ConfigError(f"demo: expected 1 to {_MAX_PERSONS} persons, got {persons}")
    if min(width, height) < 32:
        raise ConfigError(f"demo: expected an image of at least 32 x 32, got {width} x {height}")
    timelines = [
        make_timeline(labels, seed=seed + 7919 * i, split=split, seconds=seconds)
        for i in range(persons)
    ]
    tallest = max(timeline.body.stature for timeline in timelines)
    if view is None:
        # Several persons need a wider stage than one.
        room_for = tallest + 0.55 * _SPACING_M * (persons - 1)
        view = sample_view(seed, split, width=width, height=height, stature=room_for, front=True)
    tall_px = view.focal_px * tallest / float(np.linalg.norm(view.position))
    detail = float(np.clip(tall_px / 330.0, 1.0, _MAX_DETAIL))
    actors = []
    for i, timeline in enumerate(timelines):
        look = sample_look(create_rng(split, seed + 7919 * i, "look"))
        aside = _SPACING_M * (i - 0.5 * (persons - 1))
        place = (aside * float(view.axes[0, 0]), aside * float(view.axes[0, 2]))
        figure = Figure(timeline.body, look, detail)
        actors.append(Actor(f"person_{i + 1}", timeline, figure, Stool(timeline), place))
    room = create_room(view, create_rng(split, seed, "room"))
    return Stage(tuple(actors), view, room)
