# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every parameter of every node, declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from co_perception.nodes.parameters import Change, ParameterSpec

__all__ = ["NODE_DESCRIPTIONS", "NODE_PARAMETERS", "parameters_of"]

_P = ParameterSpec

COMMON = (
    _P("autostart", True, "Configure and activate without being asked", change=Change.NEVER),
    _P("watchdog_sec", 5.0, "Say so when nothing arrives for this long; 0 is never",
       unit="s", minimum=0.0, maximum=3600.0, change=Change.LIVE),
)  # fmt: skip

CAMERA = (
    _P("camera", "demo", "Where images come from: demo, a device index, /dev/videoN, a video file,"
       " a folder of images, rtsp:// or http://, gst:<pipeline>"),
    _P("width", 640, "Image width asked of devices and of the demo", unit="pixels",
       minimum=64, maximum=7680),
    _P("height", 480, "Image height asked of devices and of the demo", unit="pixels",
       minimum=64, maximum=4320),
    _P("rate", 30.0, "Image rate asked of devices, folders and the demo", unit="Hz",
       minimum=0.1, maximum=240.0),
    _P("rotate", 0, "Turn images clockwise by this angle", unit="degrees",
       choices=(0, 90, 180, 270)),
    _P("loop", False, "Start files and folders over at their end, after a pause of"
       " loop_pause_sec"),
    _P("loop_pause_sec", 1.5, "Pause between two turns of a file, so that everything downstream"
       " sees a gap and starts anew", unit="s", minimum=0.0, maximum=60.0),
    _P("real_time", True, "Play files at their own rate; false: as fast as they are processed,"
       " losing none"),
    _P("persons", 1, "Number of people that the demo renders", minimum=1, maximum=4),
    _P("seed", 0, "Seed of the demo: the same seed gives the same film", minimum=0,
       maximum=2**31 - 1),
    _P("frame_id", "camera_optical_frame", "Frame of the images' headers"),
)  # fmt: skip

IMAGE_INPUT = (
    _P("image_reliability", "reliable", "Reliability of the image subscription: reliable for"
       " camera_node, best_effort for cameras that offer no more",
       choices=("reliable", "best_effort")),
    _P("rotate", 0, "Turn incoming images clockwise by this angle", unit="degrees",
       choices=(0, 90, 180, 270)),
)  # fmt: skip

POSE = (
    _P("estimator", "mediapipe", "Pose estimator"),
    _P("pose_model_path", "", "Model file of the pose estimator; empty: the cached asset"),
    _P("max_people", 1, "Most people looked for in one image", minimum=1, maximum=16),
    _P("min_confidence", 0.5, "Least confidence of a pose that is believed", minimum=0.0,
       maximum=1.0),
    _P("grace_sec", 1.0, "How long a person may be out of sight and keep the id", unit="s",
       minimum=0.0, maximum=60.0),
    _P("smooth", True, "Smooth the joints of each person over time (One-Euro filter)"),
)  # fmt: skip

ACTIVITY = (
    _P("model", "starter", "Model folder: a path, or the name of an installed model"),
    _P("backend", "auto", "What runs the network's step",
       choices=("auto", "onnxruntime", "torch")),
    _P("device", "cpu", "Where the network runs: cpu, cuda or cuda:<index>"),
    _P("max_streams", 8, "Most people recognised at the same time", minimum=1, maximum=256),
    _P("max_gap_sec", 0.5, "Time without images after which everybody's state starts anew",
       unit="s", minimum=0.05, maximum=60.0),
    _P("top_k", 5, "Number of classes listed per person", minimum=1, maximum=1000),
    _P("deadline_sec", 0.0, "Longest time between two messages that the topic activity promises;"
       " 0 promises nothing", unit="s", minimum=0.0, maximum=60.0),
)  # fmt: skip

TRACKING = (
    _P("grace_sec", 1.0, "How long a person may be out of sight and keep the id, where skeletons"
       " arrive without ids", unit="s", minimum=0.0, maximum=60.0),
)  # fmt: skip

FUSED = (
    _P("record", "", "Write an annotated video here (.mp4); empty: none"),
    _P("timeline", "", "Write a picture of labels over time here (.png) at the end; empty: none"),
    _P("duration_sec", 0.0, "End the node after this much image time; 0: never", unit="s",
       minimum=0.0, maximum=86400.0),
    _P("overlay", True, "Publish the annotated image while somebody subscribes to overlay"),
    _P("privacy", False, "Never publish images: the topics image and overlay do not exist"),
)  # fmt: skip

NODE_PARAMETERS: Mapping[str, tuple[ParameterSpec, ...]] = {
    "camera_node": COMMON + CAMERA,
    "pose_node": COMMON + IMAGE_INPUT + POSE,
    "activity_node": COMMON + ACTIVITY + TRACKING,
    "perception_node": COMMON + CAMERA + POSE + ACTIVITY + FUSED,
}

NODE_DESCRIPTIONS: Mapping[str, str] = {
    "camera_node": "Camera, file, stream or demo -> image.",
    "pose_node": "image -> skeletons: pose estimator, tracker, smoother.",
    "activity_node": "skeletons -> activity: one continual network, a state for each person.",
    "perception_node": "All of it in one process: images cross DDS only for subscribers.",
}


def parameters_of(node: str) -> dict[str, ParameterSpec]:
    """Return the parameters of a node by name, in the order of its configuration file."""
    return {spec.name: spec for spec in NODE_PARAMETERS[node]}
