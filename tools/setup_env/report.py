# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the set-up says: one line per step, a moving one for long steps, one kind of error."""

from __future__ import annotations

import sys
import time

__all__ = ["Progress", "SetupError", "say"]

QUIET_SEC = 5.0  # between two lines where the output is no terminal


class SetupError(Exception):
    """A step failed; `advice` is the next thing to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def say(line: str) -> None:
    """Print one line at once."""
    print(f"set-up: {line}", flush=True)


class Progress:
    """A share and a text: rewritten in place on a terminal, every few seconds elsewhere."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._terminal = sys.stdout.isatty()
        self._shown_at = time.monotonic()
        say(f"{title} ...")

    def show(self, share: float, text: str) -> None:
        """Show that `share` (0..1) is done and what is being done."""
        now = time.monotonic()
        if now - self._shown_at < (0.1 if self._terminal else QUIET_SEC):
            return
        self._shown_at = now
        line = f"  {min(share, 1.0):4.0%}  {text}"
        if self._terminal:
            sys.stdout.write(f"\r\x1b[K{line[:99]}")
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Clear the moving line."""
        if self._terminal:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
