# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Where the commands print: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.panel import Panel
from rich.text import Text

from co_perception.errors import CoPerceptionError

__all__ = ["err", "out", "print_error", "print_json", "set_up_output"]

out = Console()
err = Console(stderr=True)


def set_up_output(verbose: bool) -> None:
    """Send log lines to standard error and keep the libraries below us from chatting there."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=err, show_path=False, show_time=False)],
    )
    if verbose:
        return
    # FFmpeg inside OpenCV: only what ends the program (AV_LOG_FATAL). Streams report themselves.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")
    # MediaPipe and TensorFlow Lite: errors only.
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def print_error(error: CoPerceptionError) -> None:
    """Print one error as a readable block."""
    kind = type(error).__name__.removesuffix("Error")
    err.print(Panel(Text(str(error)), title=f"[bold red]{kind} error", title_align="left",
                    border_style="red", expand=False))  # fmt: skip


def print_json(value: Any) -> None:
    """Print one JSON value on a line of its own, for machines."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
