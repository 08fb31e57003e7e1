# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a runner must know of a step graph: which buffers it reads and writes, and when.

A step graph does not carry its past along. Every operator that looks back has a ring of frames
outside; the graph takes past frames as inputs and gives the newest one as an output, and the
runner turns the ring instead of moving frames:

    slots      [ 3 ][ 4 ][ 2 ]        frame 5 is computed from 3 and 4 and written over 2

A frame that does not count, because the operators before have not answered yet, is blanked by the
runner after the step; only outputs that do not count either have seen it. So one graph serves
streams of every age, without a mask.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from co_perception.errors import WeightsError

__all__ = ["METADATA_KEY", "PLAN_VERSION", "Ring", "StepPlan", "Window", "read_plan", "ring_name"]

METADATA_KEY = "co_perception.step_plan"
PLAN_VERSION = 1


@dataclass(frozen=True)
class Ring:
    """What one operator keeps between steps, n = `length` frames of it.

    Kinds, with the graph's names (all start with `past.<name>.` or `new.<name>.`):

    - "slots": past frames, inputs `past.<name>.<age>` for those that the operator looks at, age 1
      the newest; output `new.<name>.0`.
    - "sums": partial sums of the next n outputs; inputs and outputs 0 .. n - 1, 0 for the nearest.
    - "total": past frames of which the graph takes the sum only, which the runner makes: input
      `past.<name>.total`, output `new.<name>.0`. They are added oldest first at every step, so
      that nothing drifts and the bits do not depend on how often the ring was turned.

    Attributes:
        name: The operator's place in the network, with dots.
        kind: See above.
        shape: Of a frame in the graph, behind its first axis.
        places: Entries of the first axis per stream: joints, where frames are matrices.
        channels: Without those that a blocked layout adds.
        length: Frames kept.
        reads: The numbers of the inputs.
        delay: Frames of the stream before the ring's frame 0 comes.
        stride: Frames of the stream per frame of the ring.
        blank: What stands for frames before the stream: "zeros", "lowest" (minus infinity), or
            "replicate" (the first frame).
        is_input: Whether the frames are the network's input: the runner writes them, and binds the
            input `frame` to the ring.
        block: Channels per block of the layout; 1: plain.
        is_window: Whether the reference step in torch keeps the same frames under this name.
        dtype: Of the frames kept: "float32", or "bfloat16" for a runtime that computes in it.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    places: int
    channels: int
    length: int
    reads: tuple[int, ...]
    delay: int
    stride: int
    blank: str = "zeros"
    is_input: bool = False
    block: int = 1
    is_window: bool = True
    dtype: str = "float32"


@dataclass(frozen=True)
class Window:
    """A mean over the frames that were there: input `scale.<name>` (rows, 1) is 1 / their number.

    Attributes:
        name: The operator's place in the network.
        length: Frames of a full window.
        delay: Frames of the stream before the first frame comes.
        stride: Frames of the stream per frame.
    """

    name: str
    length: int
    delay: int
    stride: int


@dataclass(frozen=True)
class StepPlan:
    """The buffers of a step graph; the graph carries it as metadata.

    Attributes:
        step_shape: One row of a frame, as the network takes it.
        classes: Logits per row.
        receptive_field: Frames that one output rests on.
        delay: Frames before the first output.
        period: Frames after which the graphs repeat: one graph per phase.
        phase: Of this graph.
        answers: Whether this phase's graph gives logits.
        rings: All rings, of all phases, in the order of the network.
        windows: Means over the frames that were there, of this phase.
        version: Of this description.
    """

    step_shape: tuple[int, ...]
    classes: int
    receptive_field: int
    delay: int
    period: int
    phase: int
    answers: bool
    rings: tuple[Ring, ...]
    windows: tuple[Window, ...]
    version: int = PLAN_VERSION

    def to_json(self) -> str:
        """Return the plan as text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, where: str) -> StepPlan:
        """Read a plan.

        Args:
            text: From `to_json`.
            where: The file, for messages.

        Raises:
            WeightsError: If it is of another version, or damaged.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            version = data.get("version")
            if version == PLAN_VERSION:
                rings = tuple(Ring(**_with_tuples(ring)) for ring in data.pop("rings"))
                windows = tuple(Window(**window) for window in data.pop("windows"))
                return cls(rings=rings, windows=windows, **_with_tuples(data))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise WeightsError(
                f"{where}: the step plan in its metadata is damaged ({error}); export it again "
                "with engine.export.export_step."
            ) from error
        raise WeightsError(
            f"{where}: expected a step plan of version {PLAN_VERSION}, got {version}; export it "
            "again with this release: engine.export.export_step."
        )


def read_plan(content: bytes, where: str) -> StepPlan:
    """Return the plan in an ONNX file, without a library that reads such files.

    Args:
        content: The file. A metadata entry in it is the key, byte 0x12, the value's length in
            groups of 7 bits, lowest first, and the value.
        where: The file, for messages.

    Raises:
        WeightsError: If there is none, or one of another version.
    """
    start = content.find(METADATA_KEY.encode()) + len(METADATA_KEY)
    if start < len(METADATA_KEY) or content[start : start + 1] != b"\x12":
        raise WeightsError(
            f"{where}: expected a step graph, with its plan as metadata; export it again with "
            "engine.export.export_step."
        )
    start, length, shift = start + 1, 0, 0
    while start < len(content):
        byte = content[start]
        length |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if byte < 0x80:
            break
    text = content[start : start + length].decode("utf-8", errors="replace")
    return StepPlan.from_json(text, where)


def ring_name(value: str) -> str:
    """Return the ring that an input or output of a step graph is of; "" for others."""
    end, _, rest = value.partition(".")
    return rest.rpartition(".")[0] if end in ("past", "new") else ""


def _with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
