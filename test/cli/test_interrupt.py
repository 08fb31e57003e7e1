# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and native chatter: nothing is cut in the middle, nothing that matters is swallowed."""

import logging
import os
import signal
import threading

import pytest

from co_perception.cli.interrupt import Interrupt
from co_perception.cli.native_output import hold_native_output


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_during_work_is_noted_and_the_second_one_raises():
    with Interrupt().installed() as interrupt:
        press_ctrl_c()
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_ctrl_c_while_waiting_raises_at_once():
    with (
        Interrupt().installed() as interrupt,
        pytest.raises(KeyboardInterrupt),
        interrupt.waiting(),
    ):
        press_ctrl_c()


def test_the_handler_before_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupt().installed():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_run_without_a_handler():
    seen = []

    def work():
        with Interrupt().installed() as interrupt:
            seen.append(interrupt.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.fixture
def quiet_root(monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    logging.getLogger().manager._clear_cache()
    yield
    logging.getLogger().manager._clear_cache()


def chatter():
    os.write(2, b"W0000 a native library says hello\n")


@pytest.mark.usefixtures("quiet_root")
def test_chatter_is_dropped_and_the_stream_works_again(capfd):
    with hold_native_output():
        chatter()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


@pytest.mark.usefixtures("quiet_root")
def test_chatter_before_a_failure_is_given_out(capfd):
    def fail():
        chatter()
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"), hold_native_output():
        fail()
    assert "a native library says hello" in capfd.readouterr().err


def test_verbose_lets_everything_pass(capfd, quiet_root, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    logging.getLogger().manager._clear_cache()
    with hold_native_output():
        chatter()
        assert "hello" in capfd.readouterr().err
