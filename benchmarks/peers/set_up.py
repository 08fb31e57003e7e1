# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Make the environment that peers are measured in: `python benchmarks/peers/set_up.py`.

It lies in .venv-peers and has what the peers need, beside what this package's own steps and clip
networks need on every engine. Nothing of it is needed by the package or its tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / ".venv-peers"
PACKAGES = (
    "torch==2.13.0",
    "numpy",
    "onnx==1.23.2",
    "onnxscript==0.7.2",
    "onnxruntime==1.32.0",
    "openvino==2026.4.0",
    "safetensors",
    "PyYAML",
    "continual-inference==1.2.4",
)


def main() -> int:
    """Make it, or bring it up to date; return pip's exit code."""
    if not (HERE / "bin" / "python").exists():
        print(f"making {HERE.name}")
        venv.create(HERE, with_pip=True)
    command = [str(HERE / "bin" / "python"), "-m", "pip", "install", "-q", *PACKAGES]
    print("installing", ", ".join(PACKAGES))
    code = subprocess.run(command).returncode
    _copy_kernels()
    return code


def _copy_kernels() -> None:
    """Lay the native kernels of the project's environment beside the checkout that is measured."""
    for library in ROOT.glob(".venv/lib/python3*/site-packages/co_perception/_native_step.so"):
        target = next(HERE.glob("lib/python3*/site-packages")) / "co_perception"
        target.mkdir(exist_ok=True)
        shutil.copy2(library, target)


if __name__ == "__main__":
    sys.exit(main())
