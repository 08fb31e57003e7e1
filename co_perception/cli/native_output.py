# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What C++ libraries write to standard error past Python's logging."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

__all__ = ["hold_native_output"]

_STDERR = 2


@contextlib.contextmanager
def hold_native_output() -> Iterator[None]:
    """Hold back what is written to standard error; it is given out only if this fails.

    MediaPipe and TensorFlow Lite print several lines of no use whenever they start, which no
    setting of theirs turns off. With --verbose everything passes.
    """
    if logging.getLogger().isEnabledFor(logging.INFO):
        yield
        return
    sys.stderr.flush()
    before = os.dup(_STDERR)
    try:
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), _STDERR)
            try:
                yield
            except Exception:
                held.seek(0)
                os.write(before, held.read())
                raise
            finally:
                sys.stderr.flush()
                os.dup2(before, _STDERR)
    finally:
        os.close(before)
