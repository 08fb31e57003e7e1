# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the pipeline: one key, whether in Python, YAML, ROS parameters or CLI flags.

Keys are unique over all sections, so outside of Python they are flat: `max_people: 2` in a YAML
file, `-p max_people:=2` in ROS, `--max-people 2` on the command line.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from co_perception.errors import ConfigError

__all__ = ["ActivityConfig", "CameraConfig", "PipelineConfig", "PoseConfig"]

_LEAST_POSE_RATE = 5.0
_T = TypeVar("_T")


def _number(
    default: float | None, low: float, high: float, what: str, *, optional: bool = False
) -> Any:
    return field(
        default=default,
        metadata={"low": low, "high": high, "what": what, "optional": optional},
    )


def _choice(default: _T, choices: tuple[_T, ...], what: str) -> _T:
    return field(default=default, metadata={"choices": choices, "what": what})  # type: ignore[no-any-return, call-overload]


def _plain(default: _T, what: str) -> _T:
    return field(default=default, metadata={"what": what})  # type: ignore[no-any-return, call-overload]


@dataclass(frozen=True)
class _Section:
    """Checks every field against its annotation and range when it is made."""

    def __post_init__(self) -> None:
        for one in fields(self):
            _check(one, getattr(self, one.name))


@dataclass(frozen=True)
class CameraConfig(_Section):
    """Where images come from; see `co_perception.camera.open_source`."""

    camera: str = _plain("demo", "demo, device, file, folder, stream address or gst:<pipeline>")
    width: int = _number(640, 16, 16384, "pixels asked of devices, GStreamer and the demo")
    height: int = _number(480, 16, 16384, "pixels asked of devices, GStreamer and the demo")
    rate: float = _number(30.0, 0.1, 1000.0, "Hz, of folders and the demo, asked of devices")
    rotate: int = _choice(0, (0, 90, 180, 270), "degrees clockwise")
    loop: bool = _plain(False, "start files, folders and the demo over at their end")
    real_time: bool = _plain(True, "at the recording's pace; false: as fast as possible")
    persons: int = _number(1, 1, 16, "people that the demo renders")
    seed: int = _number(0, 0, 2**63 - 1, "of the demo")
    timeout_sec: float = _number(5.0, 0.01, 3600.0, "s until a silent stream counts as cut")
    reconnect_sec: float = _number(60.0, 0.0, 1e9, "s for which a cut stream is opened again")


@dataclass(frozen=True)
class PoseConfig(_Section):
    """From an image to tracked, smoothed skeletons."""

    estimator: str = _plain("mediapipe", "name of the pose estimator")
    pose_model_path: str = _plain("", "model file of the estimator; empty: the cached asset")
    pose_backend: str = _plain("auto", "interface of the estimator: auto, or one by name")
    max_people: int = _number(1, 1, 32, "people looked for in one image")
    min_confidence: float = _number(0.5, 0.0, 1.0, "least confidence of a pose")
    grace_sec: float = _number(1.0, 0.0, 60.0, "s out of sight for which a person keeps the id")
    smooth: bool = _plain(True, "smooth joints over time (One-Euro filter)")
    min_cutoff_hz: float = _number(1.5, 0.01, 1000.0, "Hz, smoothing of a resting joint")
    beta: float = _number(6.0, 0.0, 1000.0, "rise of the cutoff with speed")
    pose_rate: float = _number(0.0, 0.0, 1000.0, "Hz, images that are looked at; 0: every image")

    def __post_init__(self) -> None:
        """Refuse rates at which no network would ever get evidence."""
        super().__post_init__()
        if 0 < self.pose_rate < _LEAST_POSE_RATE:
            raise ConfigError(
                f"'pose_rate': expected 0 (every image) or at least {_LEAST_POSE_RATE:g} Hz, got "
                f"{self.pose_rate!r}; poses farther apart than 0.25 s are no evidence."
            )


@dataclass(frozen=True)
class ActivityConfig(_Section):
    """From skeletons to activities; thresholds left None come from the model folder."""

    model: str = _plain("starter", "model folder: a path, or the name of an installed one")
    backend: str = _plain("auto", "what runs the network: auto, or one by name")
    device: str = _plain("cpu", "where it runs: cpu, cuda or tensorrt; cuda:1: the second GPU")
    precision: str = _plain("fp32", "what it computes in: fp32, bf16 or fp16")
    max_streams: int = _number(8, 1, 4096, "people recognised at the same time")
    latency_budget_ms: float = _number(0.0, 0.0, 10_000.0, "ms of steps per image; 0: any")
    max_gap_sec: float = _number(1.0, 0.05, 60.0, "s without poses after which states start anew")
    stale_sec: float = _number(1.0, 0.0, 60.0, "s for which scores are held before they are stale")
    min_joints: int = _number(6, 1, 100, "fewer visible joints are no pose")
    min_visibility: float = _number(0.3, 0.0, 1.0, "of a joint that counts as visible")
    top_k: int = _number(5, 1, 100, "classes listed per person")
    threads: int = _number(1, 1, 256, "of the network's backend")
    enter_threshold: float | None = _number(None, 0.0, 1.0, "of a new label", optional=True)
    exit_threshold: float | None = _number(None, 0.0, 1.0, "of leaving it", optional=True)
    min_hold_sec: float | None = _number(None, 0.0, 60.0, "s before a label", optional=True)


@dataclass(frozen=True)
class PipelineConfig:
    """Everything that `co-perception run` and the fused node need."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    pose: PoseConfig = field(default_factory=PoseConfig)
    activity: ActivityConfig = field(default_factory=ActivityConfig)

    @classmethod
    def from_flat(
        cls, values: Mapping[str, Any], *, where: str = "Configuration"
    ) -> PipelineConfig:
        """Make a configuration from flat keys; keys left out have their defaults.

        Raises:
            ConfigError: If a key is unknown or a value does not fit; the message names it.
        """
        known = cls.keys()
        for key in values:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                hint = f" Did you mean '{close[0]}'?" if close else ""
                raise ConfigError(
                    f"{where}: unknown key '{key}'.{hint} Known: {', '.join(sorted(known))}."
                )
        try:
            return cls(
                camera=CameraConfig(**_pick(CameraConfig, values)),
                pose=PoseConfig(**_pick(PoseConfig, values)),
                activity=ActivityConfig(**_pick(ActivityConfig, values)),
            )
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error

    @classmethod
    def from_yaml(
        cls, path: str | Path, overrides: Mapping[str, Any] | None = None
    ) -> PipelineConfig:
        """Read flat keys from a YAML file; `overrides` win over the file.

        Raises:
            ConfigError: If the file is missing, is no YAML mapping, or holds a wrong key or value.
        """
        return cls.from_flat({**_read_yaml(Path(path)), **(overrides or {})}, where=f"'{path}'")

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Return every key with a few words on what it means."""
        return {f.name: f.metadata["what"] for s in _SECTIONS for f in fields(s)}

    def to_flat(self) -> dict[str, Any]:
        """Return all values by key, as `from_flat` takes them."""
        return {key: value for section in asdict(self).values() for key, value in section.items()}


_SECTIONS: tuple[type[_Section], ...] = (CameraConfig, PoseConfig, ActivityConfig)
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "float | None": float}


def _pick(section: type[_Section], values: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: values[f.name] for f in fields(section) if f.name in values}


def _check(one: Field[Any], value: Any) -> None:
    if value is None and one.metadata.get("optional"):
        return
    wanted = _TYPES[str(one.type)]
    # Whole numbers are fine where a float is wanted; True is no number although Python thinks so.
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise ConfigError(f"'{one.name}': expected {wanted.__name__}, got {value!r}.")
    choices = one.metadata.get("choices")
    if choices and value not in choices:
        raise ConfigError(
            f"'{one.name}': expected one of {', '.join(map(str, choices))}; got {value!r}."
        )
    if "low" in one.metadata:
        low, high = one.metadata["low"], one.metadata["high"]
        if not (math.isfinite(value) and low <= value <= high):
            raise ConfigError(
                f"'{one.name}' ({one.metadata['what']}): expected {low:g} to {high:g}, "
                f"got {value!r}."
            )


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Configuration '{path}': cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"Configuration '{path}': expected YAML; {error}.") from error
    if not isinstance(content or {}, dict):
        raise ConfigError(
            f"Configuration '{path}': expected lines of 'key: value', "
            f"got {type(content).__name__}."
        )
    return dict(content or {})
