# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing looks up: the imports of every module stay within what its layer may use."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "co_perception"

# Modules beside the pipeline that draw and log what it says belong to its layer.
PIPELINE = (
    "overlay", "palette", "pipeline", "pipeline_config", "pose_stage", "timeline", "video_writer",
)  # fmt: skip
PARTS = {"errors", "skeleton", "camera", "pose", "engine", "pipeline"}
MAY_USE = {
    "__init__": set(),
    "errors": set(),
    "continual": {"errors"},
    "models": {"errors", "continual"},
    "skeleton": {"errors"},
    "motion": {"errors", "skeleton"},
    "camera": {"errors"},
    "camera/demo": {"errors", "motion", "skeleton"},
    "pose": {"errors", "skeleton"},
    "engine": {"errors", "models", "continual", "skeleton"},
    "bench": {"errors", "models", "continual", "engine"},
    "training": {"errors", "models", "continual", "skeleton", "motion", "engine"},
    "pipeline": PARTS,
    "nodes": {*PARTS, "__init__"},
    "cli": {*PARTS, "__init__", "bench", "training"},
}
# Third-party libraries that only these layers may know.
ONLY_IN = {
    "rclpy": {"nodes"},
    "torch": {"bench", "continual", "models", "engine", "training"},
    "cv2": {"camera", "camera/demo", "pose", "pipeline"},
    "mediapipe": {"pose"},
    "onnxruntime": {"engine"},
    "typer": {"cli"},
    "rich": {"cli"},
}
HEAVY = ("cv2", "matplotlib", "mediapipe", "onnx", "onnxruntime", "rclpy", "scipy", "torch")


class Import(NamedTuple):
    """One import statement of the package."""

    place: str
    layer: str
    target: str


def layer_of(name: str) -> str:
    """Return the layer of a dotted module name below the package."""
    parts = name.split(".")
    if parts[:2] == ["camera", "demo"]:
        return "camera/demo"
    return "pipeline" if parts[0] in PIPELINE else parts[0]


def list_imports() -> Iterator[Import]:
    """Yield every import in the package, those inside functions too."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        layer = layer_of(".".join(relative.with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in targets_of(node, relative):
                yield Import(f"{relative}:{getattr(node, 'lineno', 0)}", layer, target)


def targets_of(node: ast.AST, relative: Path) -> list[str]:
    """Return the absolute names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.level:
        parts = ("co_perception", *relative.parts[: len(relative.parts) - node.level])
        return [".".join((*parts, *filter(None, (node.module,))))]
    if node.module == "co_perception":
        return [f"co_perception.{alias.name}" for alias in node.names]
    return [node.module or ""]


def own_part(target: str) -> str | None:
    """Return the part of this package that a target names, None for other packages."""
    package, _, rest = target.partition(".")
    if package != "co_perception":
        return None
    return "__init__" if rest in ("", "__version__") else layer_of(rest)


def test_layers_are_all_known():
    layers = {layer_of(path.stem) for path in PACKAGE.iterdir() if path.name[0] not in "._"}
    assert layers - set(MAY_USE) == set(), "a new layer needs its line in MAY_USE"


def test_layers_import_only_what_they_may():
    wrong = []
    for place, layer, target in list_imports():
        part = own_part(target)
        messages = part in ("msg", "srv")
        if part is None or part == layer or (messages and layer == "nodes"):
            continue
        # The demo camera is a folder of the camera: both may use the camera's own types.
        if part not in MAY_USE[layer] and {part, layer} != {"camera", "camera/demo"}:
            wrong.append(f"{place}: {layer} must not import {target}")
    assert wrong == []


def test_libraries_stay_in_their_layers():
    wrong = []
    for place, layer, target in list_imports():
        library = target.partition(".")[0]
        if library.endswith("_msgs"):
            library = "rclpy"
        if layer not in ONLY_IN.get(library, {layer}):
            wrong.append(f"{place}: {layer} must not import {library}")
    assert wrong == []


def test_command_line_and_nodes_do_not_know_each_other():
    pairs = {(layer, own_part(target)) for _, layer, target in list_imports()}
    assert ("nodes", "cli") not in pairs
    assert ("cli", "nodes") not in pairs


def loaded_by(statement: str, blocked: tuple[str, ...] = ()) -> set[str]:
    """Return which heavy libraries a statement loads in a fresh Python; `blocked` are missing."""
    code = (
        f"import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        f"{statement}\n"
        f"print(*(name for name in {HEAVY!r} if sys.modules.get(name)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "co_perception",
        "co_perception.bench",
        "co_perception.camera",
        "co_perception.cli",
        "co_perception.engine",
        "co_perception.motion",
        "co_perception.nodes.launch_plan",
        "co_perception.pose",
    ],
)
def test_import_loads_nothing_heavy(module):
    # The engine may use scipy through the tracker's layer only where somebody tracks.
    assert loaded_by(f"import {module}") == set()


def test_engine_with_onnxruntime_needs_no_torch():
    statement = (
        "from co_perception.engine import Recogniser\n"
        "import co_perception.engine.backends.ort, co_perception.pipeline"
    )
    assert "torch" not in loaded_by(statement, blocked=("torch",))
