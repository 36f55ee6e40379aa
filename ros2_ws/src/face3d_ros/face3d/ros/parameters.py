"""Declaring parameters with description and range in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bool, int, float, str)
Settings = TypeVar("Settings", bound="DataclassInstance")
Range = tuple[float, float]


def declare(
    node: Node, name: str, default: Value, description: str, allowed: Range | tuple[str, ...] | None = None
) -> Value:
    """Declare a parameter that is fixed at start and return its value.

    allowed  (lowest, highest) of a number, or the texts that a string may be
    Raises ValueError for a text that is not allowed; rclpy itself raises for a wrong type or range.
    """
    descriptor = ParameterDescriptor(description=description, read_only=True)
    if isinstance(default, str) and allowed:
        descriptor.additional_constraints = f"one of: {', '.join(map(str, allowed))}"
    elif isinstance(default, float) and allowed:
        descriptor.floating_point_range = [FloatingPointRange(from_value=allowed[0], to_value=allowed[1])]
    elif isinstance(default, int) and allowed:
        descriptor.integer_range = [IntegerRange(from_value=allowed[0], to_value=allowed[1], step=1)]
    value = node.declare_parameter(name, default, descriptor).value
    if isinstance(default, str) and allowed and value not in allowed:
        raise ValueError(f"parameter {name} is '{value}', it may be: {', '.join(map(str, allowed))}")
    return value


def declare_settings(
    node: Node, settings: Settings, table: Mapping[str, tuple[str, Any]], prefix: str
) -> Settings:
    """Declare the fields of a settings dataclass as `prefix.field`, and return the settings as they are set.

    settings  holds the defaults
    table     field -> (description, allowed); a field that is not in it stays no parameter
    Raises ValueError when the settings' own checks refuse the combination.
    """
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name, (description, allowed) in table.items():
        values[name] = declare(node, f"{prefix}.{name}", values[name], description, allowed)
    return type(settings)(**values)
