# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What all nodes share: lifecycle with autostart, parameters, diagnostics, watchdog."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool

from co_perception.errors import CoPerceptionError
from co_perception.nodes.declare import declare_parameters, read_parameters
from co_perception.nodes.parameter_tables import parameters_of
from co_perception.nodes.parameters import Value
from co_perception.nodes.stats import NodeStatistics, Throttle

__all__ = ["PerceptionNode"]

_SILENCE_LINE_SEC = 10.0
"""The watchdog repeats itself this often while the silence lasts."""


class PerceptionNode(LifecycleNode):  # type: ignore[misc]
    """A lifecycle node with the manners of this package.

    Transitions, services and subscriptions run on the executor's thread. Subclasses give the four
    hooks `do_configure`, `do_activate`, `do_deactivate`, `do_cleanup`; the two freeing ones must
    bear being called after a half-done partner, and twice.
    """

    def __init__(self, name: str) -> None:
        """Declare the node's parameters and start its diagnostics.

        Args:
            name: One of `NODE_PARAMETERS`; the running node may be renamed by remapping.
        Raises:
            ConfigError: If a given parameter is refused.
        """
        super().__init__(name)
        self.kind = name
        self.label = "unconfigured"
        self.enabled = True
        self.exit_code: int | None = None
        self.wake: Callable[[], object] = lambda: None
        self.stats = NodeStatistics()
        self.throttle = Throttle()
        self._silence = Throttle(_SILENCE_LINE_SEC)
        self._specs = parameters_of(name)
        declare_parameters(self, self._specs, lambda: self.label == "unconfigured")
        self._hooks_run = 0
        self._guard_transitions()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_service(SetBool, "~/enable", self._on_enable)
        # Steady: diagnostics must not stop with simulated time.
        self.create_timer(1.0, self._every_second, clock=Clock(clock_type=ClockType.STEADY_TIME))

    # What subclasses give.
    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Check the parameters, allocate, create publishers."""
        raise NotImplementedError

    def do_activate(self) -> None:
        """Open what must be open only while active, start threads, subscribe."""
        raise NotImplementedError

    def do_deactivate(self) -> None:
        """Undo `do_activate` in reverse and release devices and models."""
        raise NotImplementedError

    def do_cleanup(self) -> None:
        """Undo `do_configure`."""
        raise NotImplementedError

    def explain_silence(self, silence_sec: float) -> str:
        """Say what is missing while active and without input; "": silence is no fault."""
        return ""

    def note(self) -> str:
        """Return one more sentence for the diagnostics, "" for none."""
        return ""

    def more_values(self) -> dict[str, str]:
        """Return further key-value pairs for the diagnostics."""
        return {}

    # Lifecycle.
    def start(self) -> bool:
        """Configure and activate where the parameter `autostart` says so; False if that failed."""
        if not self.get_parameter("autostart").value:
            return True
        success = TransitionCallbackReturn.SUCCESS
        return bool(self.trigger_configure() == success and self.trigger_activate() == success)

    def end(self, exit_code: int) -> None:
        """Let the process end; may be called from any thread."""
        self.exit_code = exit_code
        self.wake()

    def finish(self) -> None:
        """Free everything in reverse order, whatever state the node is in."""
        for hook in (self.do_deactivate, self.do_cleanup):
            try:
                hook()
            except Exception as error:  # the end of a process must not fail
                self.get_logger().error(f"{hook.__name__}: {error}")
        self.label = "finalized"

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run `do_configure`; on failure free what it allocated."""
        done = self._attempt(
            lambda: self.do_configure(read_parameters(self, self._specs)), self.do_cleanup
        )
        return self._enter("inactive", done)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Enable the publishers and run `do_activate`; on failure undo it."""
        super().on_activate(state)
        self.stats.clear()
        done = self._attempt(self.do_activate, self.do_deactivate)
        if not done:
            super().on_deactivate(state)
        return self._enter("active", done)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run `do_deactivate` and disable the publishers."""
        done = self._attempt(self.do_deactivate)
        super().on_deactivate(state)
        return self._enter("inactive", done)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run `do_cleanup`."""
        return self._enter("unconfigured", self._attempt(self.do_cleanup))

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything; the process then ends."""
        self.finish()
        self.end(0)
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything and become unconfigured."""
        self.finish()
        return self._enter("unconfigured", True)

    def _attempt(self, action: Callable[[], None], undo: Callable[[], None] | None = None) -> bool:
        self._hooks_run += 1
        try:
            action()
            return True
        except CoPerceptionError as error:
            self.get_logger().error(str(error))
        except Exception:  # rclpy would swallow it without a word
            self.get_logger().error(f"Unexpected error:\n{traceback.format_exc()}")
        if undo is not None:
            self._attempt(undo)
        return False

    def _enter(self, label: str, done: bool) -> TransitionCallbackReturn:
        if done:
            self.label = label
            self.get_logger().info(label)
        return TransitionCallbackReturn.SUCCESS if done else TransitionCallbackReturn.FAILURE

    def _guard_transitions(self) -> None:
        """Answer illegal transitions with "no" and a line (rclpy ends the node, or is silent)."""
        service = self._service_change_state
        change_state = service.callback

        def guarded(request: Any, response: Any) -> Any:
            hooks, reason = self._hooks_run, ""
            try:
                response = change_state(request, response)
            except Exception as error:  # RCLError: the state machine refused
                response.success, reason = False, f": {error}"
            if not response.success and self._hooks_run == hooks:  # refused, not tried and failed
                wanted = request.transition.label or request.transition.id
                self.get_logger().warning(
                    f"Transition {wanted} is not possible while {self.label}{reason}"
                )
            return response

        service.callback = guarded

    # Manners.
    def now_ns(self) -> int:
        """Return the node's clock, simulated time where asked, in nanoseconds."""
        return int(self.get_clock().now().nanoseconds)

    def warn(self, key: str, line: str) -> None:
        """Write a warning, at most once in five seconds for each key."""
        if self.throttle.allows(key):
            self.get_logger().warning(line)

    def refuse(self, reason: str, line: str) -> None:
        """Count a bad message and say so, throttled."""
        self.stats.count(f"bad: {reason}")
        self.warn(reason, f"{line} ({self.stats.number(f'bad: {reason}')} dropped so far)")

    def report_error(self, what: str, error: Exception) -> None:
        """Count an error in the work on a message and say so, throttled."""
        self.stats.count("errors")
        self.warn("error", f"{what} not processed: {type(error).__name__}: {error}")

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> Any:
        self.enabled = bool(request.data)
        response.success = True
        response.message = "working" if self.enabled else "paused: inputs are ignored"
        self.get_logger().info(response.message)
        return response

    def _every_second(self) -> None:
        silence = self._check_silence()
        values = {"state": self.label, "enabled": str(self.enabled)}
        values.update(self.stats.as_text() if self.label == "active" else {})
        values.update(self.more_values())
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if silence else DiagnosticStatus.OK,
            name=self.get_fully_qualified_name().lstrip("/"),
            message=silence or self.note() or self.label,
            hardware_id=self.kind,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _check_silence(self) -> str:
        """Return the line of the watchdog while nothing arrives, and log it now and then."""
        limit = float(self.get_parameter("watchdog_sec").value)
        silence = self.stats.silence_sec
        if self.label != "active" or not self.enabled or not 0.0 < limit <= silence:
            return ""
        line = self.explain_silence(silence)
        if line and self._silence.allows("silence"):
            self.get_logger().warning(line)
        return line
