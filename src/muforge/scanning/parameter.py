"""One parameter of a search space: a list of values, or a range."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from muforge.errors import ConfigError
from muforge.problem import first_problem

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Label = str | int | float | bool | None
"""How a value stands among the parameters of a trial."""

_DIGITS = 6
"""Of the points of a grid between its ends."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")
"""Those that YAML takes for text, such as 1e-3."""


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choices(_Options):
    """Some values, in no order.

    Arguments:
        values: Whatever a configuration takes; at least one, all different.
    """

    values: tuple[Any, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _numbers(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(_number(value) for value in values)

    @model_validator(mode="after")
    def _different(self) -> Self:
        for place, label in enumerate(self.labels):
            if label in self.labels[:place]:
                raise ValueError(f"{label!r} is there twice")
        return self

    @property
    def labels(self) -> tuple[Label, ...]:
        """What the values are called: as they are, and lists and mappings as one line of YAML."""
        return tuple(_label(value) for value in self.values)

    def value(self, label: Label) -> Any:
        """What a configuration gets."""
        return self.values[self.labels.index(label)]

    def grid_points(self) -> tuple[Label, ...]:
        """Those of a grid."""
        return self.labels

    def probes(self) -> tuple[Label, ...]:
        """Values with which a configuration shows whether it takes all."""
        return self.labels

    def distribution(self) -> BaseDistribution:
        """For Optuna."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.labels)

    def to_plain(self) -> list[Any]:
        """As in a file."""
        return list(self.values)


class Range(_Options):
    """All numbers from one to another.

    Arguments:
        low, high: Ends, which belong to it.
        log: Numbers are spread evenly in their logarithm.
        step: Distance of numbers, from `low` on; without it all are possible, or all whole ones.
        points: How many a grid has, from `low` to `high`, instead of a step.
        integer: Whole numbers only. Without it: if ends and step are written as whole numbers.
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = Field(default=None, gt=0)
    points: int | None = Field(default=None, ge=2)
    integer: bool | None = None

    @field_validator("low", "high", "step", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return _number(value)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low must be below high, not {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a positive low, not {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("step and log: give one of them; a grid may have points instead")
        if self.step is not None and self.points is not None:
            raise ValueError("step and points: give one of them")
        if self.integer and any(number != int(number) for number in self._written):
            raise ValueError("integer: low, high and step must be whole numbers")
        if self.step is not None and self._steps != int(self._steps):
            raise ValueError(f"steps of {self.step:g} do not lead from {self.low:g} to {self.high:g}")
        return self

    @property
    def whole(self) -> bool:
        """Whether all numbers are whole ones."""
        written = all(isinstance(number, int) for number in self._written)
        return written if self.integer is None else self.integer

    def value(self, label: Label) -> Any:
        """What a configuration gets."""
        return label

    def grid_points(self) -> tuple[Label, ...] | None:
        """Those of a grid, if it is said which; whole numbers once each."""
        if self.step is not None:
            first, step = _exact(self.low), _exact(self.step)
            numbers = [float(first + number * step) for number in range(int(self._steps) + 1)]
        elif self.points is not None:
            spaced = np.geomspace if self.log else np.linspace
            inner = spaced(self.low, self.high, self.points)[1:-1].tolist()
            numbers = [self.low, *(float(f"{number:.{_DIGITS}g}") for number in inner), self.high]
        else:
            return None
        return tuple(dict.fromkeys(self._typed(number) for number in numbers))

    def probes(self) -> tuple[Label, ...]:
        """Values with which a configuration shows whether it takes all: the ends and one between them."""
        middle = (self.low * self.high) ** 0.5 if self.log else (self.low + self.high) / 2
        between = middle if self.step is None else self.low + self.step
        return tuple(self._typed(number) for number in (self.low, self.high, between))

    def distribution(self) -> BaseDistribution:
        """For Optuna."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(self.low), float(self.high), log=self.log, step=self.step)

    def to_plain(self) -> dict[str, Any]:
        """As in a file."""
        return self.model_dump(exclude_defaults=True)

    @property
    def _written(self) -> tuple[float, ...]:
        return (self.low, self.high) if self.step is None else (self.low, self.high, self.step)

    @property
    def _steps(self) -> Decimal:
        """How often the step fits, exactly as the numbers are written."""
        return (_exact(self.high) - _exact(self.low)) / _exact(self.step or 1)

    def _typed(self, number: float) -> int | float:
        return round(number) if self.whole else float(number)


Parameter = Choices | Range


def parameter(key: str, content: Any) -> Parameter:
    """What a file says of a parameter.

    Arguments:
        key: Its name in messages.
        content: A list of values, or the options of a `Range`.

    Raises:
        ConfigError: It is neither, or an option of it is wrong.
    """
    try:
        if isinstance(content, list):
            return Choices(values=tuple(content))
        if isinstance(content, Mapping):
            return Range.model_validate(content)
    except ValidationError as error:
        of_one_option = bool(error.errors()[0]["loc"])
        raise ConfigError(f"{key}{'.' if of_one_option else ': '}{first_problem(error)}") from None
    raise ConfigError(
        f"{key}: {content!r}: expected a list of values, or a range such as {{low: 0.0001, high: 0.01, log: true}}"
    )


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _label(value: Any) -> Label:
    if value is None or isinstance(value, str | int | float):
        return value
    return str(yaml.safe_dump(value, default_flow_style=True, width=math.inf)).strip()


def _exact(number: float) -> Decimal:
    return Decimal(str(number))
