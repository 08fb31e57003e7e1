# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Joint layouts by name: which joint stands at which index, and which joints are connected.

"left" and "right" are the person's own. Every layout uses the same joint names, so converting
between them is a matter of names (see `co_perception.skeleton.convert`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError

__all__ = ["JointLayout", "get_layout", "list_layouts"]

Edge = tuple[str, str]


@dataclass(frozen=True)
class JointLayout:
    """A named order of joints.

    Attributes:
        name: Name of the layout, as used in messages and model folders.
        joints: Joint names; the index is the position in every array of this layout.
        edges: Bones, each from the joint farther from the body's centre to the nearer one.
    """

    name: str
    joints: tuple[str, ...]
    edges: tuple[Edge, ...]

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Return the index of a joint.

        Raises:
            ConfigError: If the layout has no such joint.
        """
        try:
            return self.joints.index(joint)
        except ValueError:
            raise ConfigError(
                f"Joint layout '{self.name}': expected one of {', '.join(self.joints)}; "
                f"got '{joint}'."
            ) from None

    @property
    def edge_indices(self) -> tuple[tuple[int, int], ...]:
        """The bones as pairs of joint indices."""
        return tuple((self.joints.index(a), self.joints.index(b)) for a, b in self.edges)

    @property
    def mirror(self) -> NDArray[np.intp]:
        """(J,) index of each joint's twin on the other side: `points[layout.mirror]`."""
        return np.array([self.joints.index(_other_side(name)) for name in self.joints])


def _other_side(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


def _sides(*names: str) -> tuple[str, ...]:
    """Expand 'hip' to 'left_hip', 'right_hip'."""
    return tuple(f"{side}_{name}" for name in names for side in ("left", "right"))


def _chain(*names: str) -> tuple[Edge, ...]:
    """Connect each joint to the one before it, on both sides."""
    return tuple(
        (f"{side}_{outer}", f"{side}_{inner}")
        for side in ("left", "right")
        for inner, outer in itertools.pairwise(names)
    )


_ARMS = _chain("shoulder", "elbow", "wrist")
_LEGS = _chain("hip", "knee", "ankle")
_TRUNK: tuple[Edge, ...] = (
    ("right_shoulder", "left_shoulder"),
    ("right_hip", "left_hip"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
)
_NECK_TRUNK: tuple[Edge, ...] = (
    ("left_shoulder", "neck"),
    ("right_shoulder", "neck"),
    ("left_hip", "neck"),
    ("right_hip", "neck"),
)
_BODY = _sides("shoulder", "elbow", "wrist", "hip", "knee", "ankle")

_COMMON13 = JointLayout(
    "common13",
    ("nose", *_BODY),
    (("nose", "left_shoulder"), ("nose", "right_shoulder"), *_TRUNK, *_ARMS, *_LEGS),
)

_COCO17 = JointLayout(
    "coco17",
    ("nose", *_sides("eye", "ear"), *_BODY),
    (
        ("left_eye", "nose"),
        ("right_eye", "nose"),
        *_chain("eye", "ear"),
        ("nose", "left_shoulder"),
        ("nose", "right_shoulder"),
        *_TRUNK,
        *_ARMS,
        *_LEGS,
    ),
)

# Landmarks of BlazePose (Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking",
# 2020), as numbered by MediaPipe.
_MEDIAPIPE33 = JointLayout(
    "mediapipe33",
    (
        "nose",
        *(f"left_eye{part}" for part in ("_inner", "", "_outer")),
        *(f"right_eye{part}" for part in ("_inner", "", "_outer")),
        *_sides("ear", "mouth", "shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
        *_sides("hip", "knee", "ankle", "heel", "foot_index"),
    ),
    (
        ("left_eye", "nose"),
        ("right_eye", "nose"),
        *_chain("eye", "ear"),
        ("right_mouth", "left_mouth"),
        *_TRUNK,
        *_ARMS,
        *_chain("wrist", "pinky"),
        *_chain("wrist", "index"),
        *_chain("wrist", "thumb"),
        *_LEGS,
        *_chain("ankle", "heel", "foot_index"),
    ),
)


def _openpose_like(name: str, head: tuple[str, ...]) -> JointLayout:
    limbs = tuple(
        f"{side}_{joint}"
        for part in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
        for side in ("right", "left")
        for joint in part
    )
    edges = (
        ("nose", "neck"),
        ("left_eye", "nose"),
        ("right_eye", "nose"),
        *_chain("eye", "ear"),
        *_NECK_TRUNK,
        *_ARMS,
        *_LEGS,
    )
    return JointLayout(name, ("nose", "neck", *limbs, *head), edges)


_OPENPOSE18 = _openpose_like("openpose18", ("right_eye", "left_eye", "right_ear", "left_ear"))
# hri_msgs/Skeleton2D says that it follows OpenPose, but numbers the left eye and ear first.
_HRI18 = _openpose_like("hri18", ("left_eye", "right_eye", "left_ear", "right_ear"))

# Kinect v2, in the order of Shahroudy et al., "NTU RGB+D", 2016, figure 2.
_NTU25 = JointLayout(
    "ntu25",
    (
        "pelvis",
        "spine",
        "neck",
        "head",
        *(f"left_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand")),
        *(f"right_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand")),
        *(f"left_{joint}" for joint in ("hip", "knee", "ankle", "foot")),
        *(f"right_{joint}" for joint in ("hip", "knee", "ankle", "foot")),
        "spine_shoulder",
        "left_hand_tip",
        "left_thumb",
        "right_hand_tip",
        "right_thumb",
    ),
    (
        ("pelvis", "spine"),
        ("spine", "spine_shoulder"),
        ("neck", "spine_shoulder"),
        ("head", "neck"),
        ("left_shoulder", "spine_shoulder"),
        ("right_shoulder", "spine_shoulder"),
        *_chain("shoulder", "elbow", "wrist", "hand", "hand_tip"),
        *_chain("hand", "thumb"),
        ("left_hip", "pelvis"),
        ("right_hip", "pelvis"),
        *_chain("hip", "knee", "ankle", "foot"),
    ),
)

# Kinect v1 (Kinect for Windows SDK 1.x, JointType).
_KINECT20 = JointLayout(
    "kinect20",
    (
        "pelvis",
        "spine",
        "spine_shoulder",
        "head",
        *(f"left_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand")),
        *(f"right_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand")),
        *(f"left_{joint}" for joint in ("hip", "knee", "ankle", "foot")),
        *(f"right_{joint}" for joint in ("hip", "knee", "ankle", "foot")),
    ),
    (
        ("spine", "pelvis"),
        ("spine_shoulder", "spine"),
        ("head", "spine_shoulder"),
        ("left_shoulder", "spine_shoulder"),
        ("right_shoulder", "spine_shoulder"),
        *_chain("shoulder", "elbow", "wrist", "hand"),
        ("left_hip", "pelvis"),
        ("right_hip", "pelvis"),
        *_chain("hip", "knee", "ankle", "foot"),
    ),
)

# Jhuang et al., "Towards understanding action recognition", 2013 (puppet joints).
_JHMDB15 = JointLayout(
    "jhmdb15",
    (
        "neck",
        "belly",
        "face",
        *(
            f"{side}_{joint}"
            for joint in ("shoulder", "hip", "elbow", "knee", "wrist", "ankle")
            for side in ("right", "left")
        ),
    ),
    (
        ("neck", "belly"),
        ("face", "neck"),
        ("left_shoulder", "neck"),
        ("right_shoulder", "neck"),
        *_ARMS,
        ("left_hip", "belly"),
        ("right_hip", "belly"),
        *_LEGS,
    ),
)

_LAYOUTS = {
    layout.name: layout
    for layout in (
        _COMMON13,
        _COCO17,
        _MEDIAPIPE33,
        _OPENPOSE18,
        _HRI18,
        _NTU25,
        _KINECT20,
        _JHMDB15,
    )
}


def list_layouts() -> list[str]:
    """Return the known layout names, sorted."""
    return sorted(_LAYOUTS)


def get_layout(name: str) -> JointLayout:
    """Return a layout by name.

    Raises:
        ConfigError: If there is no layout of that name.
    """
    try:
        return _LAYOUTS[name]
    except KeyError:
        raise ConfigError(
            f"Joint layout: expected one of {', '.join(list_layouts())}; got '{name}'."
        ) from None
