# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Stream addresses: what may be shown of them, and why one does not answer."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

__all__ = ["explain_no_answer", "is_recording", "without_password"]

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
_RECORDINGS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm")


def without_password(address: str) -> str:
    """Return the address as it may be logged: the password is starred out."""
    return re.sub(r"(://[^/:@\s]*):[^@/\s]*@", r"\1:***@", address)


def is_recording(address: str) -> bool:
    """Say whether an address looks like a video with an end rather than a live stream."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and parts.path.lower().endswith(_RECORDINGS)


def explain_no_answer(address: str, timeout_sec: float) -> str:
    """Find out why a stream did not open: a reason in words."""
    parts = urlsplit(address)
    try:
        port = parts.port or _PORTS.get(parts.scheme.lower(), 80)
    except ValueError:
        return "its port is not a number"
    host = parts.hostname or ""
    try:
        with socket.create_connection((host, port), timeout_sec):
            pass
    except socket.gaierror:
        return f"the name '{host}' is unknown"
    except TimeoutError:
        return f"{host}:{port} did not answer within {timeout_sec:g} s"
    except OSError as error:
        return f"{host}:{port}: {error.strerror or error}"
    if parts.scheme in ("http", "https") and (code := _http_error(address, timeout_sec)):
        return f"the server answers with HTTP status {code}"
    return f"{host}:{port} is there, but sends no video that OpenCV can decode in time"


def _http_error(address: str, timeout_sec: float) -> int | None:
    try:
        with urllib.request.urlopen(address, timeout=timeout_sec):
            return None
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
