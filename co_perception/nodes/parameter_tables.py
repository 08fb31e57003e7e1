# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every parameter of every node, declared here and nowhere else.

What the pipeline itself has under the same key takes default, range and choices from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

from co_perception.nodes.parameters import Change, ParameterSpec
from co_perception.pipeline_config import ActivityConfig, CameraConfig, PoseConfig

__all__ = ["FROM_MODEL", "NODE_DESCRIPTIONS", "NODE_PARAMETERS", "parameters_of"]

FROM_MODEL = -1.0
"""Stands for None, which a ROS parameter cannot be: the model folder's own value."""

_FIELDS: dict[str, Field[Any]] = {
    one.name: one for section in (CameraConfig, PoseConfig, ActivityConfig)
    for one in fields(section)
}  # fmt: skip


def _key(name: str, description: str, unit: str = "") -> ParameterSpec:
    """Return the parameter for a key of the pipeline."""
    one = _FIELDS[name]
    optional = one.metadata.get("optional", False)
    default: Any = FROM_MODEL if optional else one.default
    return ParameterSpec(
        name,
        default,
        f"{description}; {FROM_MODEL:g}: the model's own" if optional else description,
        unit,
        FROM_MODEL if optional else one.metadata.get("low"),
        one.metadata.get("high"),
        one.metadata.get("choices", ()),
    )


_P = ParameterSpec

COMMON = (
    _P("autostart", True, "Configure and activate without being asked", change=Change.NEVER),
    _P("watchdog_sec", 5.0, "Say so when nothing arrives for this long; 0: never", "s",
       minimum=0.0, maximum=3600.0, change=Change.LIVE),
)  # fmt: skip

CAMERA = (
    _key("camera", "Where images come from: demo, a device index, /dev/videoN, a video file, a"
         " folder of images, rtsp:// or http://, gst:<pipeline>"),
    _key("width", "Image width asked of devices, GStreamer and the demo", "pixels"),
    _key("height", "Image height asked of devices, GStreamer and the demo", "pixels"),
    _key("rate", "Image rate of folders and the demo, asked of devices", "Hz"),
    _key("rotate", "Turn images clockwise by this angle", "degrees"),
    _key("loop", "Start files and folders over at their end, after loop_pause_sec; the demo always"
         " does"),
    _P("loop_pause_sec", 1.5, "Pause between two turns of a file: everything downstream sees a"
       " gap and starts anew", "s", minimum=0.0, maximum=60.0),
    _key("real_time", "Play files at their own pace, dropping what comes too late; false: every"
         " image, as fast as it is processed"),
    _key("persons", "Number of people that the demo renders"),
    _P("seed", 0, "Seed of the demo: the same seed gives the same film", minimum=0,
       maximum=2**31 - 1),
    _key("timeout_sec", "Silence after which a stream or device counts as cut", "s"),
    _key("reconnect_sec", "How long a cut stream or device is opened again before that is an"
         " error; then the node goes on trying", "s"),
    _P("frame_id", "camera_optical_frame", "Frame of the images' headers"),
)  # fmt: skip

_RELIABILITIES = ("reliable", "best_effort")

IMAGE_INPUT = (
    _P("image_reliability", "reliable", "Reliability of the image subscription: reliable for"
       " camera_node, best_effort for cameras that offer no more",
       choices=_RELIABILITIES),
    _key("rotate", "Turn incoming images clockwise by this angle", "degrees"),
)  # fmt: skip

SCENE_INPUT = (
    _P("image_reliability", "reliable", "With a model of whole images: reliability of the image"
       " subscription, reliable for camera_node, best_effort for cameras that offer no more",
       choices=_RELIABILITIES),
    _key("rotate", "With a model of whole images: turn incoming images clockwise by this angle",
         "degrees"),
)  # fmt: skip

POSE = (
    _key("estimator", "Pose estimator"),
    _key("pose_model_path", "Model file of the estimator; empty: the cached asset"),
    _key("pose_backend", "Interface of the estimator: auto, or one by name"),
    _key("max_people", "Most people looked for in one image"),
    _key("min_confidence", "Least confidence of a pose that is believed"),
    _key("grace_sec", "How long a person may be out of sight and keep the id", "s"),
    _key("smooth", "Smooth the joints of each person over time (One-Euro filter)"),
    _key("min_cutoff_hz", "Smoothing of a joint at rest: the lower, the smoother", "Hz"),
    _key("beta", "Rise of that cutoff with the joint's speed: the higher, the less lag"),
    _key("pose_rate", "Images looked at per second, at least 5; 0: every image. For those between,"
         " scores are HELD and no skeletons are sent", "Hz"),
)  # fmt: skip

ACTIVITY = (
    _key("model", "Model folder: a path, or the name of an installed model"),
    _key("backend", "What runs the network's step: auto, native, onnxruntime, openvino or torch"),
    _key("device", "Where the network runs: cpu, cuda or tensorrt; cuda:1 is the second GPU"),
    _key("precision", "What the network computes in: fp32, bf16 or fp16, where device and backend"
         " have that arithmetic"),
    _key("threads", "Threads of the network's backend"),
    _key("max_streams", "Most people recognised at the same time; others are OVER_LIMIT"),
    _key("latency_budget_ms", "Longest time that the network's steps of one image may take; people"
         " who would not fit are OVER_LIMIT; 0: any time", "ms"),
    _key("max_gap_sec", "Time without poses after which states start anew", "s"),
    _key("stale_sec", "How long scores are held without new poses before they are STALE", "s"),
    _key("min_joints", "Fewer visible joints than this are no pose"),
    _key("min_visibility", "A joint less visible than this does not count as visible"),
    _key("top_k", "Number of classes listed per person"),
    _key("enter_threshold", "Probability at which a class becomes the label"),
    _key("exit_threshold", "Probability below which it stops being the label"),
    _key("min_hold_sec", "How long a change must last before the label follows", "s"),
    _P("deadline_sec", 0.0, "Longest time between two messages that the topic activity promises;"
       " 0 promises nothing", "s", minimum=0.0, maximum=60.0),
)  # fmt: skip

TRACKING = (
    _key("grace_sec", "How long a person may be out of sight and keep the id, where skeletons"
         " arrive without ids", "s"),
)  # fmt: skip

FUSED = (
    _P("record", "", "Write an annotated video here (.mp4); empty: none"),
    _P("timeline", "", "Write a picture of the labels over time here (.png) at the end; empty:"
       " none"),
    _P("duration_sec", 0.0, "End the node after this much image time; 0: never", "s", minimum=0.0,
       maximum=86400.0),
    _P("overlay", True, "Publish the annotated image while somebody subscribes to overlay"),
    _P("privacy", False, "Publish no images at all: the topics image and overlay do not exist"),
)  # fmt: skip

NODE_PARAMETERS: Mapping[str, tuple[ParameterSpec, ...]] = {
    "camera_node": COMMON + CAMERA,
    "pose_node": COMMON + IMAGE_INPUT + POSE,
    "activity_node": COMMON + SCENE_INPUT + ACTIVITY + TRACKING,
    "perception_node": COMMON + CAMERA + POSE + ACTIVITY + FUSED,
}

NODE_DESCRIPTIONS: Mapping[str, str] = {
    "camera_node": "Camera, file, stream or demo -> image.",
    "pose_node": "image -> skeletons: pose estimator, tracker, smoother.",
    "activity_node": "skeletons, or images, -> activity: one network, a state for each person.",
    "perception_node": "All of it in one process: images cross DDS only for subscribers.",
}


def parameters_of(node: str) -> dict[str, ParameterSpec]:
    """Return the parameters of a node by name, in the order of its configuration file."""
    return {spec.name: spec for spec in NODE_PARAMETERS[node]}
