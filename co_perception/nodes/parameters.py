# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a parameter is: plain data that nodes, configuration files, launch and documents share.

No ROS here: `declare.py` turns these into declared parameters, `parameter_tables.py` lists them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from co_perception.errors import ConfigError

__all__ = ["Change", "ParameterSpec", "Value"]

Value = bool | int | float | str


class Change(Enum):
    """When a parameter may be given another value."""

    NEVER = "read-only"
    CONFIGURE = "before configure"
    LIVE = "at any time"


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a node.

    Attributes:
        name: lower_snake_case, the same in Python, YAML, launch and on the command line.
        default: Value where none is given; its type is the parameter's type.
        description: One sentence without the unit.
        unit: Unit of the value, "" where it has none.
        minimum: Smallest allowed number.
        maximum: Largest allowed number.
        choices: All allowed values; empty: any.
        change: When it may be set again.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Value, ...] = ()
    change: Change = Change.CONFIGURE

    @property
    def type_name(self) -> str:
        """Name of the type as ROS tools print it."""
        return {bool: "bool", int: "integer", float: "double", str: "string"}[type(self.default)]

    @property
    def limits(self) -> str:
        """Allowed values in words, "" where there is no limit."""
        if self.choices:
            return "one of " + ", ".join(
                _quoted(choice) for choice in sorted(self.choices, key=str)
            )
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        return ""

    @property
    def sentence(self) -> str:
        """Description with unit and limits."""
        unit = f" [{self.unit}]" if self.unit else ""
        limits = f" ({self.limits})" if self.limits else ""
        return f"{self.description}{unit}{limits}"

    def check(self, value: object) -> Value:
        """Return the value in the parameter's type.

        Whole numbers are taken for doubles and for strings ("0" is a camera), because the
        command line and YAML write them so.

        Raises:
            ConfigError: If type, range or choice is wrong; the message says what is allowed.
        """
        cast = self._cast(value)
        if self.choices and cast not in self.choices:
            raise self._refusal(value, self.limits)
        if isinstance(cast, (int, float)) and not isinstance(cast, bool):
            self._check_range(cast)
        return cast

    def _cast(self, value: object) -> Value:
        wanted = type(self.default)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and wanted is float:
            return float(value)  # type: ignore[arg-type]
        if is_whole and wanted is str:
            return str(value)
        if type(value) is not wanted:
            raise self._refusal(value, f"a value of type {self.type_name}")
        return value  # type: ignore[return-value]

    def _check_range(self, number: float) -> None:
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= number <= high:
            raise self._refusal(number, self.limits)

    def _refusal(self, value: object, expected: str) -> ConfigError:
        unit = f" {self.unit}" if self.unit else ""
        return ConfigError(
            f"Parameter '{self.name}': expected {expected}{unit}, got {_quoted(value)}. "
            f"It means: {self.description}."
        )


def _quoted(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
