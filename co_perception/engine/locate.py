# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Where model folders lie: beside the sources, or in the share folder of an installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from co_perception.engine.model_folder import MODEL_YAML
from co_perception.errors import WeightsError

__all__ = ["DEFAULT_MODEL", "find_model", "list_models", "model_roots"]

DEFAULT_MODEL = "starter"


def model_roots() -> list[Path]:
    """Return the folders that may hold model folders, the nearest first, existing or not."""
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    package = Path(__file__).resolve().parents[1]
    # A package in <prefix>/lib/pythonX.Y/site-packages: the prefix need not be sys.prefix, as
    # with `pip install --prefix` or --target, or a virtual environment with system packages.
    above = [parent for parent in package.parents if (parent / "share" / "co_perception").is_dir()]
    roots = [package.parent]
    roots += [
        Path(p) / "share" / "co_perception" for p in (*map(str, above), *prefixes, sys.prefix)
    ]
    return list(dict.fromkeys(root / "models" for root in roots))


def list_models() -> dict[str, Path]:
    """Return the model folders found, by name; of two of one name the nearer one."""
    found: dict[str, Path] = {}
    for root in model_roots():
        for path in sorted(root.glob(f"*/{MODEL_YAML}")):
            found.setdefault(path.parent.name, path.parent)
    return found


def find_model(model: str | Path = DEFAULT_MODEL) -> Path:
    """Return the model folder of a name, or of a path.

    Args:
        model: A path to a model folder, or the name of one in `model_roots()`.

    Raises:
        WeightsError: If there is none; the message lists the places and the known names.
    """
    given = Path(model).expanduser()
    if (given / MODEL_YAML).is_file():
        return given
    # Only a bare name is looked up: a path that is wrong must not find something else.
    known = list_models()
    if len(given.parts) == 1 and str(given) in known:
        return known[str(given)]
    places = ", ".join(str(root) for root in model_roots())
    names = ", ".join(sorted(known)) or "none"
    raise WeightsError(
        f"Model '{model}': expected a folder with a {MODEL_YAML}, or one of the models found "
        f"({names}). Looked in: {places}."
    )
