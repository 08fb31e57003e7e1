# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The one-slot mailbox and its worker."""

import threading

import pytest

from co_perception.nodes.mailbox import Mailbox, Worker

WAIT_SEC = 10.0


def test_mailbox_gives_the_newest_item_and_counts_the_others():
    box = Mailbox()
    for item in (1, 2, 3):
        box.put(item)
    assert box.take() == (3, 2)
    assert box.take() is None
    box.put(4)
    assert box.take() == (4, 0)
    assert box.dropped_total == 2


def test_mailbox_that_waits_loses_nothing():
    box = Mailbox()
    items = list(range(50))
    producer = threading.Thread(target=lambda: [box.put(item, wait=True) for item in items])
    producer.start()
    taken = []
    while len(taken) < len(items):
        box.wait(lambda: False)
        taken.append(box.take())
    producer.join(WAIT_SEC)
    assert taken == [(item, 0) for item in items]


def test_mailbox_refuses_when_closed():
    box = Mailbox()
    box.close()
    assert not box.put(1)
    assert box.take() is None


def test_closing_frees_a_producer_that_waits():
    box = Mailbox()
    box.put(1)
    results = []
    producer = threading.Thread(target=lambda: results.append(box.put(2, wait=True)))
    producer.start()
    box.close()
    producer.join(WAIT_SEC)
    assert results == [False]


def test_worker_handles_on_its_own_thread_and_tells_what_was_dropped():
    begun, go, done = threading.Event(), threading.Event(), threading.Event()
    handled = []

    def handle(item, dropped):
        begun.set()
        go.wait(WAIT_SEC)
        handled.append((item, dropped, threading.current_thread().name))
        if item == 4:
            done.set()

    worker = Worker("the worker", handle, on_error=lambda error: None)
    worker.put(1)
    assert begun.wait(WAIT_SEC)
    for item in (2, 3, 4):
        worker.put(item)
    go.set()
    assert done.wait(WAIT_SEC)
    assert handled == [(1, 0, "the worker"), (4, 2, "the worker")]
    assert worker.stop()


def test_worker_goes_on_after_an_error():
    errors, done = [], threading.Event()

    def handle(item, dropped):
        if item == 1:
            raise ValueError("one")
        done.set()

    worker = Worker("w", handle, errors.append)
    worker.put(1, wait=True)
    worker.put(2, wait=True)
    assert done.wait(WAIT_SEC)
    assert [str(error) for error in errors] == ["one"]
    worker.stop()


def test_worker_runs_errands_and_hands_back_their_errors():
    worker = Worker("w", lambda item, dropped: None, lambda error: None)
    assert worker.call(lambda: threading.current_thread().name) == "w"
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda: 1 / 0)
    worker.stop()
    with pytest.raises(RuntimeError, match="activate the node"):
        worker.call(lambda: None)


def test_errand_that_waits_too_long_is_cancelled():
    begun, go, ran = threading.Event(), threading.Event(), []

    def handle(item, dropped):
        begun.set()
        go.wait(WAIT_SEC)

    worker = Worker("w", handle, lambda error: None)
    worker.put(1)
    assert begun.wait(WAIT_SEC)
    with pytest.raises(TimeoutError, match="busy"):
        worker.call(lambda: ran.append(1), timeout_sec=0.05)
    go.set()
    assert worker.stop()
    assert ran == []


@pytest.mark.parametrize(("drain", "expected"), [(True, [1, 2]), (False, [1])])
def test_stop_leaves_or_drains_what_waits(drain, expected):
    begun, go, handled = threading.Event(), threading.Event(), []

    def handle(item, dropped):
        handled.append(item)
        begun.set()
        go.wait(WAIT_SEC)

    worker = Worker("w", handle, lambda error: None)
    worker.put(1)
    assert begun.wait(WAIT_SEC)
    worker.put(2)
    threading.Timer(0.1, go.set).start()
    assert worker.stop(drain=drain)
    assert handled == expected
