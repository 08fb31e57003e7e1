# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The openvino package, without what it does on the side."""

from __future__ import annotations

import sys
from typing import Any

from co_perception.errors import DependencyError

__all__ = ["require_openvino"]

_TELEMETRY = "openvino_telemetry"


def require_openvino() -> Any:
    """Return the openvino package, imported without its telemetry.

    Its import reports itself to a server on the internet unless the user has said no, which is not
    for a robot's software to do. OpenVINO has a stand-in for where that package is missing.

    Raises:
        DependencyError: If it is not installed.
    """
    hidden = _TELEMETRY not in sys.modules
    if hidden:
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # "not to be found"
    try:
        import openvino
    except ImportError as error:
        raise DependencyError(
            "Backend 'openvino' needs openvino; install it with: pip install openvino"
        ) from error
    finally:
        if hidden:
            del sys.modules[_TELEMETRY]
    return openvino
