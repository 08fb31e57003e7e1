# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from co_perception.engine.ownership import Ownership
from co_perception.engine.rate import RateMeter
from co_perception.engine.slots import Slots
from co_perception.errors import ConfigError, StreamError

MS = 1_000_000


def test_slots_give_the_lowest_free_row():
    slots = Slots(3)
    assert [slots.take(name) for name in "abc"] == [0, 1, 2]
    assert slots.take("d") is None and slots.row("d") is None
    assert slots.give_back("a") == 0 and slots.give_back("c") == 2
    assert slots.used == 2
    assert slots.take("d") == 0
    assert slots.give_back("nobody") is None


def test_slots_refuse_a_stream_twice():
    slots = Slots(2)
    slots.take("a")
    with pytest.raises(StreamError, match="'a' already has row 0"):
        slots.take("a")


@pytest.mark.parametrize("count", [0, -1, 1025, 2.0, True, "8"])
def test_slots_refuse_a_bad_count(count):
    with pytest.raises(ConfigError, match="max_streams"):
        Slots(count)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=100))
def test_slots_never_lend_a_row_twice(script):
    slots, lent = Slots(4), {}
    for take, number in script:
        name = str(number)
        if take and name not in lent:
            row = slots.take(name)
            assert (row is None) == (len(lent) == 4)
            if row is not None:
                assert row not in lent.values()
                lent[name] = row
        elif not take:
            assert slots.give_back(name) == lent.pop(name, None)
        assert slots.used == max(lent.values(), default=-1) + 1


def test_ownership_refuses_a_second_thread_until_the_first_has_ended():
    ownership = Ownership("Thing")
    taken, done = threading.Event(), threading.Event()

    def work() -> None:
        ownership.check()
        taken.set()
        done.wait(10)

    worker = threading.Thread(target=work, name="worker")
    worker.start()
    assert taken.wait(10)
    with pytest.raises(StreamError, match="'worker' owns it, 'MainThread' called"):
        ownership.check()
    done.set()
    worker.join(10)
    ownership.check()


def test_rate_meter_measures_ticks_once_and_sees_a_stall():
    meter = RateMeter(15.0)
    assert meter.per_second(None) == 0.0
    for tick in range(90):
        stamp_ns = round(tick * 1e9 / 15)
        meter.count(tick, stamp_ns)
        meter.count(tick, stamp_ns)  # another row, the same tick
    assert meter.per_second(stamp_ns) == pytest.approx(15.0, rel=0.02)
    assert meter.per_second(stamp_ns + 2000 * MS) == pytest.approx(7.5, rel=0.05)
    assert meter.per_second(stamp_ns + 9000 * MS) == 0.0
