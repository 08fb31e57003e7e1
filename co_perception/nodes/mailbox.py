# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Hand the newest item from a callback to the one thread that owns the model.

callback thread   put(1) put(2) put(3)          put(4)
worker thread     [ 1 ........ ][ 3 ......... ] [ 4 ...
dropped           0             1 (item 2)      0
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Generic, TypeVar

__all__ = ["Mailbox", "Worker"]

T = TypeVar("T")
R = TypeVar("R")


class Mailbox(Generic[T]):
    """One slot between a producer and a consumer; a newer item replaces a waiting one.

    Any thread may call any method.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._slot: list[T] = []
        self._dropped = 0
        self._dropped_total = 0
        self._closed = False

    @property
    def dropped_total(self) -> int:
        """Number of items replaced before they were taken, since the mailbox was made."""
        return self._dropped_total

    def put(self, item: T, *, wait: bool = False) -> bool:
        """Leave an item.

        Args:
            item: What the consumer shall get.
            wait: Wait until the slot is free instead of replacing what lies there: for files
                read as fast as they are processed, where nothing may be lost.
        Returns:
            False if the mailbox is closed and the item went nowhere.
        """
        with self._changed:
            while wait and self._slot and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            if self._slot:
                self._dropped += 1
                self._dropped_total += 1
            self._slot[:] = [item]
            self._changed.notify_all()
            return True

    def take(self) -> tuple[T, int] | None:
        """Take the item if there is one, with the number of items it replaced."""
        with self._changed:
            if not self._slot:
                return None
            item, dropped = self._slot.pop(), self._dropped
            self._dropped = 0
            self._changed.notify_all()
            return item, dropped

    def wait(self, is_awaited: Callable[[], bool]) -> None:
        """Sleep until an item lies here, the mailbox is closed, or `is_awaited()` is true."""
        with self._changed:
            while not (self._slot or self._closed or is_awaited()):
                self._changed.wait()

    def wake(self) -> None:
        """Let a sleeping consumer look again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Refuse further items and wake everybody; what lies in the slot can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed


class Worker(Generic[T]):
    """The one thread that owns a model: it handles the newest item and runs errands between.

    Args:
        name: Name of the thread.
        handle: Called on the worker thread with an item and the number of items dropped since
            the one before.
        on_error: Called on the worker thread with what `handle` raised; the worker goes on.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[T, int], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.mailbox: Mailbox[T] = Mailbox()
        self._handle = handle
        self._on_error = on_error
        self._errands: list[tuple[Callable[[], Any], Future[Any]]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T, *, wait: bool = False) -> bool:
        """Leave an item for the worker (see `Mailbox.put`)."""
        return self.mailbox.put(item, wait=wait)

    def call(self, errand: Callable[[], R], timeout_sec: float = 10.0) -> R:
        """Run a function on the worker thread between two items and return its result.

        Raises:
            TimeoutError: If the worker did not come to it in time; the errand is then cancelled
                unless it is already running.
            RuntimeError: If the worker was stopped.
        """
        future: Future[R] = Future()
        with self._lock:
            if self.mailbox.closed:
                raise RuntimeError("the worker has stopped; activate the node first")
            self._errands.append((errand, future))
        self.mailbox.wake()
        try:
            return future.result(timeout=timeout_sec)
        except FutureTimeoutError as error:
            future.cancel()
            raise TimeoutError(f"the worker was busy for more than {timeout_sec:g} s") from error

    def stop(self, *, drain: bool = False, timeout_sec: float = 10.0) -> bool:
        """End the thread after the item in hand; True if it ended in time.

        Args:
            drain: Handle a waiting item first instead of leaving it.
            timeout_sec: How long to wait for the item in hand.
        """
        if not drain:
            self.mailbox.take()
        self.mailbox.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self.mailbox.wait(lambda: bool(self._errands))
            self._run_errands()
            taken = self.mailbox.take()
            if taken is None:
                if self.mailbox.closed:
                    break
                continue
            try:
                self._handle(*taken)
            except Exception as error:  # whatever a backend raises must not end the node
                self._on_error(error)
        self._run_errands()

    def _run_errands(self) -> None:
        with self._lock:
            errands, self._errands = self._errands, []
        for errand, future in errands:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(errand())
            except Exception as error:  # belongs to the caller of `call`
                future.set_exception(error)
