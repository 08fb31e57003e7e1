# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One thread owns an object that works in place; others are told so."""

from __future__ import annotations

import threading

from co_perception.errors import StreamError

__all__ = ["Ownership"]


class Ownership:
    """Who may use an object: the first thread that does, until it ends or the object is closed.

    Args:
        what: The object's name, for messages.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._owner: threading.Thread | None = None
        self.closed = False

    def check(self) -> None:
        """Raise a StreamError if the object is closed or belongs to another living thread."""
        if self.closed:
            raise StreamError(f"{self._what}: it is closed; open a new one.")
        self._claim()

    def close(self) -> None:
        """Note that the object is closed; a StreamError in a thread that does not own it."""
        self._claim()
        self.closed = True

    def _claim(self) -> None:
        caller = threading.current_thread()
        if self._owner is not None and self._owner is not caller and self._owner.is_alive():
            raise StreamError(
                f"{self._what}: thread '{self._owner.name}' owns it, '{caller.name}' called; "
                "hand the request to the owner (a queue, a mailbox), or end that thread first."
            )
        self._owner = caller
