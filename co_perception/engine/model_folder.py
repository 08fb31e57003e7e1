# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A model folder: what is in it, whether it is whole, and what it says of itself.

    models/<name>/model.yaml           what the network is, eats and says, and the sha256 of ...
                  weights.safetensors  its weights
                  step.onnx            one step of it as a function of frame and state
                  MODEL_CARD.md        where it comes from and what it can and cannot do

Nothing here runs the network or needs its libraries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from co_perception.engine.activity import CLASS_NONE, UNKNOWN
from co_perception.engine.model_input import ModelInput, parse_input
from co_perception.engine.model_yaml import (
    Section,
    read_model_yaml,
    to_names,
    to_number,
    to_options,
    to_text,
    to_whole,
)
from co_perception.errors import WeightsError
from co_perception.skeleton.layouts import JointLayout, get_layout

__all__ = ["CARD", "FORMAT_VERSION", "MODEL_YAML", "STEP", "WEIGHTS", "ModelFolder", "Thresholds",
           "compute_sha256", "step_file"]  # fmt: skip

FORMAT_VERSION = 1
MODEL_YAML, WEIGHTS, STEP, CARD = "model.yaml", "weights.safetensors", "step.onnx", "MODEL_CARD.md"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Thresholds:
    """When a class becomes the label and stops being it; see `engine.decisions`."""

    enter: float
    exit: float
    min_hold_sec: float


@dataclass(frozen=True)
class ModelFolder:
    """A model folder that was checked: every file is there and has the promised bytes.

    Attributes:
        path: The folder.
        name: The model's name.
        architecture: Name for `models.create_model`.
        arguments: Keyword arguments for it.
        labels: Class names; the index is the class id.
        input: What the network is fed at every step.
        expected_rate: Frames per second that the network was trained at.
        receptive_field: Frames that one output rests on.
        delay: Frames between a frame and the output that describes it.
        time_stride: Frames per output.
        min_evidence: Share of the receptive field, 0..1, that must be real for usable scores.
        thresholds: For decisions.
        temperature: Logits are divided by this before the softmax.
        license: SPDX name of the weights' licence, or a sentence.
        training_data: Names of the data that the weights come from.
        files: sha256 of every file, in hexadecimal, by name.
    """

    path: Path
    name: str
    architecture: str
    arguments: Mapping[str, object]
    labels: tuple[str, ...]
    input: ModelInput
    expected_rate: float
    receptive_field: int
    delay: int
    time_stride: int
    min_evidence: float
    thresholds: Thresholds
    temperature: float
    license: str
    training_data: tuple[str, ...]
    files: Mapping[str, str] = field(repr=False)

    @classmethod
    def load(cls, path: Path | str) -> ModelFolder:
        """Read and check a model folder.

        Raises:
            ConfigError: If model.yaml is wrong; the message names file and key.
            WeightsError: If the folder or a file is missing, was changed, or leads elsewhere.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise WeightsError(f"Model folder: expected a folder, got '{folder}'.")
        top = read_model_yaml(folder / MODEL_YAML)
        version = top.take("format_version", to_whole(0, 10**6))
        if version != FORMAT_VERSION:
            expected = f"{FORMAT_VERSION} (this release reads no other)"
            raise top.fail("format_version", expected, version)
        model = _parse(folder, top)
        _check_pairs(model, top)
        _check_files(model, top)
        return model

    @property
    def joint_layout(self) -> str:
        """Name of the joint layout that the network is fed; "" unless it takes skeletons."""
        return self.input.joint_layout

    @property
    def layout(self) -> JointLayout:
        """The joint layout that the network is fed."""
        return get_layout(self.joint_layout)

    @property
    def weights_sha256(self) -> str:
        """sha256 of the weights, in hexadecimal."""
        return self.files[WEIGHTS]

    @property
    def model_id(self) -> str:
        """Name and the beginning of the weights' sha256: what messages carry."""
        return f"{self.name}:{self.weights_sha256[:8]}"

    @property
    def weights_path(self) -> Path:
        """The weights, safetensors."""
        return self.path / WEIGHTS

    @property
    def step_path(self) -> Path | None:
        """The exported step; None if the folder has none."""
        return self.path / STEP if STEP in self.files else None

    @property
    def step_files(self) -> tuple[str, ...]:
        """Names of the exported step's files: one per phase of the time stride, or one alone."""
        phases = (step_file(phase) for phase in range(self.time_stride))
        return tuple(name for name in phases if name in self.files)


def step_file(phase: int) -> str:
    """Return the name of the file of a phase: step.onnx, step_1.onnx, ..."""
    return f"step_{phase}.onnx" if phase else STEP


def compute_sha256(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _parse(folder: Path, top: Section) -> ModelFolder:
    """Take every key; order as in the file."""
    thresholds = top.section("thresholds")
    calibration = top.section("calibration")
    files = top.section("files")
    model = ModelFolder(
        path=folder,
        name=top.take("name", _to_name),
        architecture=top.take("architecture", _to_name),
        arguments=MappingProxyType(top.take("arguments", to_options)),
        labels=top.take("labels", _to_labels),
        input=parse_input(top.section("input")),
        expected_rate=top.take("expected_rate", to_number(0.1, 1000.0)),
        receptive_field=top.take("receptive_field", to_whole(1, 1_000_000)),
        delay=top.take("delay", to_whole(0, 1_000_000)),
        time_stride=top.take("time_stride", to_whole(1, 10_000)),
        min_evidence=top.take("min_evidence", to_number(0.0, 1.0)),
        thresholds=Thresholds(
            thresholds.take("enter", to_number(0.0, 1.0)),
            thresholds.take("exit", to_number(0.0, 1.0)),
            thresholds.take("min_hold_sec", to_number(0.0, 60.0)),
        ),
        temperature=calibration.take("temperature", to_number(1e-3, 1e3)),
        license=top.take("license", to_text),
        training_data=top.take("training_data", to_names),
        files=MappingProxyType({key: str(value) for key, value in files.rest().items()}),
    )
    for section in (top, thresholds, calibration):
        section.finish()
    return model


def _to_name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of letters, digits, '_', '-' and '.'")
    return value


def _to_labels(value: object) -> tuple[str, ...]:
    labels = to_names(value)
    if not 1 <= len(labels) < CLASS_NONE or len(set(labels)) != len(labels) or UNKNOWN in labels:
        raise ValueError(
            f"1 to {CLASS_NONE - 1} different class names, none of them '{UNKNOWN}' "
            "(that is the answer when no class is sure)"
        )
    return labels


def _check_pairs(model: ModelFolder, top: Section) -> None:
    """Raise a ConfigError where two keys contradict each other."""
    if model.thresholds.exit > model.thresholds.enter:
        expected = f"at most thresholds.enter ({model.thresholds.enter:g})"
        raise top.fail("thresholds.exit", expected, model.thresholds.exit)
    if model.delay >= model.receptive_field:
        expected = f"less than receptive_field ({model.receptive_field})"
        raise top.fail("delay", expected, model.delay)
    same: dict[str, tuple[object, str]] = {
        "num_classes": (len(model.labels), "labels"),
        "expected_rate": (model.expected_rate, "expected_rate"),
    }
    if model.input.kind == "skeleton":
        same["in_channels"] = (model.input.channels, "input.channels")
        same["layout"] = (model.joint_layout, "input.joint_layout")
    for key, (value, other) in same.items():
        if model.arguments.get(key, value) != value:
            raise top.fail(f"arguments.{key}", f"{value!r}, as {other} says", model.arguments[key])


def _check_files(model: ModelFolder, top: Section) -> None:
    """Raise unless every file is a plain file of this folder with the promised bytes."""
    if WEIGHTS not in model.files:
        raise top.fail("files", f"an entry for {WEIGHTS}", sorted(model.files))
    for name, sha256 in model.files.items():
        key = f"files.{name}"
        if not _NAME.fullmatch(name) or name == MODEL_YAML:
            raise WeightsError(
                f"{top.file}: key '{key}': expected the name of a file in the model folder; "
                "paths that lead elsewhere are refused."
            )
        if not _SHA256.fullmatch(sha256):
            raise top.fail(key, "a sha256 of 64 hexadecimal digits (in quotes)", sha256)
        _check_file(model.path / name, sha256, f"{top.file}: key '{key}'")


def _check_file(path: Path, sha256: str, where: str) -> None:
    if path.resolve().parent != path.parent.resolve():
        raise WeightsError(f"{where}: '{path}' is a link out of the model folder; copy the file.")
    try:
        found = compute_sha256(path)
    except OSError as error:
        raise WeightsError(
            f"{where}: '{path}' cannot be read ({error.strerror}); copy the whole model folder."
        ) from error
    if found != sha256:
        raise WeightsError(
            f"{where}: '{path}' has sha256 {found}, expected {sha256}: the file is damaged or was "
            "changed after saving; fetch the folder again, or save the model anew."
        )
