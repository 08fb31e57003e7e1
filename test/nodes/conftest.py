# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes in real processes over DDS, seen from a node in the test's own process."""

import importlib
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

WAIT_SEC = 30.0
"""Discovery takes up to 3 s, loading a network some seconds on a busy machine; ten times that."""


class NodeProcess:
    """One node in its own process."""

    def __init__(self, name, parameters, environment, log: Path, arguments=()):
        self.name = name
        self.log = log
        pairs = [f"{key}:={_text(value)}" for key, value in parameters.items()]
        flags = [word for pair in pairs for word in ("-p", pair)]
        command = [sys.executable, "-m", f"co_perception.nodes.{name}", "--ros-args"]
        self._file = log.open("w")
        self.process = subprocess.Popen(
            [*command, *flags, *arguments], env=environment, stdout=self._file,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def stop(self, *numbers) -> int:
        """Send signals, SIGINT by default, and return the exit code."""
        for number in numbers or (signal.SIGINT,):
            if self.process.poll() is None:
                self.process.send_signal(number)
                time.sleep(0.05)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code when the process has ended."""
        code = self.process.wait(WAIT_SEC)
        self._file.flush()
        return code

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def end(self):
        """End it whatever it does, politely first: who is killed haunts discovery for a while."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(WAIT_SEC)
        self._file.close()


def _text(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


class Ros:
    """A node of the test, and the processes it watches."""

    def __init__(self, node, executor, environment, folder: Path):
        self.node = node
        self.executor = executor
        self.environment = environment
        self._folder = folder
        self._processes = []
        self._clients = {}

    def start(self, name, parameters=None, arguments=()) -> NodeProcess:
        """Start a node of the package."""
        log = self._folder / f"{len(self._processes)}_{name}.log"
        given = {"watchdog_sec": 1.0, **(parameters or {})}
        process = NodeProcess(name, given, self.environment, log, arguments)
        self._processes.append(process)
        return process

    def until(self, condition, what: str, seconds=WAIT_SEC):
        """Spin until the condition holds and return its value."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            self.executor.spin_once(timeout_sec=0.05)
        outputs = "\n".join(f"--- {p.name}\n{p.output[-3000:]}" for p in self._processes)
        pytest.fail(f"waited {seconds} s for {what}\n{outputs}")

    def spin(self, seconds):
        """Spin for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)

    def listen(self, kind, topic, qos=10) -> list:
        """Return a list that fills with the topic's messages."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def call(self, kind, name, request):
        """Call a service and return its answer."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
            self.until(self._clients[name].service_is_ready, f"the service {name}")
            # Ready means that we see the service; that it sees us, nobody tells.
            self.spin(0.3)
        future = self._clients[name].call_async(request)
        self.until(future.done, f"an answer of {name}")
        return future.result()

    def change(self, node, label) -> bool:
        """Ask for a lifecycle transition; whether it was done."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        ids = {
            "configure": Transition.TRANSITION_CONFIGURE,
            "activate": Transition.TRANSITION_ACTIVATE,
            "deactivate": Transition.TRANSITION_DEACTIVATE,
            "cleanup": Transition.TRANSITION_CLEANUP,
        }
        request = ChangeState.Request(transition=Transition(id=ids[label]))
        return self.call(ChangeState, f"/{node}/change_state", request).success

    def state(self, node) -> str:
        """Return the label of a node's lifecycle state."""
        from lifecycle_msgs.srv import GetState

        return self.call(GetState, f"/{node}/get_state", GetState.Request()).current_state.label

    def diagnostics(self):
        """Return node -> its newest diagnostics; fills while spinning."""
        from diagnostic_msgs.msg import DiagnosticArray

        newest = {}

        def on_message(message):
            for status in message.status:
                values = {pair.key: pair.value for pair in status.values}
                newest[status.name] = {"message": status.message, "level": status.level, **values}

        self.node.create_subscription(DiagnosticArray, "/diagnostics", on_message, 10)
        return newest

    def close(self):
        """End every process."""
        for process in self._processes:
            process.end()


@pytest.fixture
def ros(tmp_path, ros_domain):
    """A ROS context in the domain of this test run; processes started through it are ended."""
    rclpy = pytest.importorskip("rclpy")
    pytest.importorskip("co_perception.msg")
    from rclpy.executors import SingleThreadedExecutor

    environment = {
        **os.environ,
        "RCUTILS_COLORIZED_OUTPUT": "0",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    with warnings.catch_warnings():
        # The generator's parser imports modules that Python 3.11 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("rosidl_generator_py")
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = rclpy.create_node("observer", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    ros = Ros(node, executor, environment, tmp_path)
    yield ros
    ros.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def clip(tmp_path) -> Path:
    """A video file of 3 s at 20 Hz, 320 x 240: a square that moves."""
    import cv2

    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 20.0, (320, 240))
    for k in range(60):
        image = np.full((240, 320, 3), 60, np.uint8)
        image[100:140, 4 * k : 4 * k + 40] = (40, 200, 120)
        writer.write(image)
    writer.release()
    return path
