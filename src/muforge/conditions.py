"""What a conditional model is told about a muon: its category or charge, whether it is dangerous, how rare it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erfc, sqrt
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muforge.errors import ConfigError
from muforge.problem import first_problem
from muforge.rarity import Rarity
from muforge.region import Region
from muforge.representation import Representation
from muforge.sample import CATEGORIES, Sample, pdg_code

ConditionName = Literal["category", "charge", "dangerous", "rarity"]

NAMES: tuple[str, ...] = get_args(ConditionName)
OF_A_CATEGORY = ("category", "charge")
"""Conditions that are the same for all muons of a category, so that one network can make several categories."""

_NUMBERS: Mapping[str, int] = {"category": len(CATEGORIES), "charge": 1, "dangerous": 1, "rarity": 1}


def numbers_of(names: Sequence[str]) -> int:
    """Numbers in a condition of these names."""
    return sum(_NUMBERS[name] for name in names)


class Given(BaseModel):
    """What muons are asked for; what is not said is drawn as it is among all muons."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dangerous: bool | None = Field(default=None, description="in the region, or outside of it")
    rarity: float | None = Field(
        default=None, ge=0, le=8, description="at least so rare, as an absolute normal number"
    )
    rarity_spread: float | None = Field(
        default=None,
        ge=1,
        le=100,
        description="rarity is drawn from a normal distribution so many times as wide",
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the conditions that something is asked of."""
        rarity = self.rarity is not None or self.rarity_spread is not None
        return tuple(
            name for name, on in (("dangerous", self.dangerous is not None), ("rarity", rarity)) if on
        )


class Conditions(BaseModel):
    """The conditions of a trained model of one category, and how they are distributed among its muons.

    The numbers of a condition are one-hot for `category`, +1 (mu+) or -1 for `charge`, 1 or 0 for `dangerous`, and for
    `rarity` an absolute normal number: by construction the rank among the muons that have the same other conditions.

    Arguments:
        names: In the order of their numbers.
        category: 1 to 4.
        share: Of the dangerous ones among the training muons, by weight.
        region: Which those are.
        first: Place of the category's first column among those that the network makes.
        width: Columns that the network makes, where it is one for categories of different columns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[ConditionName, ...] = Field(min_length=1)
    category: int = Field(ge=1, le=4)
    share: float | None = Field(default=None, gt=0, le=1)
    region: Region | None = None
    first: int = Field(default=0, ge=0)
    width: int | None = Field(default=None, ge=1)

    @classmethod
    def restore(cls, state: Mapping[str, object]) -> Self:
        """What `model_dump` gave; raises `ConfigError` if it is not that."""
        try:
            return cls.model_validate(state)
        except ValidationError as error:
            raise ConfigError(f"conditions: {first_problem(error)}") from None

    @property
    def numbers(self) -> int:
        """Numbers in a condition."""
        return numbers_of(self.names)

    @property
    def latents(self) -> int:
        """Standard normal numbers that a condition is drawn from: one for each that is not the category's."""
        return sum(name not in OF_A_CATEGORY for name in self.names)

    def draw(
        self, normal: NDArray[np.float32], given: Given
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Conditions of shape (n, numbers) from normal numbers of shape (n, latents), and weights of shape (n,).

        A weight is the probability of what was drawn over that with which it was drawn. So muons of which something
        is asked, with these weights, stand for their share of as many muons that nothing is asked of.

        Raises:
            ConfigError: The model was not trained with a condition that is asked for.
        """
        for name in given.asked:
            if name not in self.names:
                raise ConfigError(
                    f"condition '{name}': the model was not trained with it, only with {', '.join(self.names)}"
                )
        columns, weight, number = [], np.ones(len(normal)), 0
        for name in self.names:
            if name in OF_A_CATEGORY:
                columns.append(np.tile(_of_category(name, self.category), (len(normal), 1)))
                continue
            z = normal[:, number].astype(np.float64)
            number += 1
            values, factor = self._dangerous(z, given) if name == "dangerous" else _rare(z, given)
            columns.append(values[:, None])
            weight *= factor
        return np.concatenate(columns, axis=1).astype(np.float32), weight

    def _dangerous(
        self, z: NDArray[np.float64], given: Given
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | float]:
        from scipy.special import ndtr

        assert self.share is not None
        if given.dangerous is None:
            return (ndtr(z) < self.share).astype(np.float64), 1.0
        return np.full(len(z), float(given.dangerous)), self.share if given.dangerous else 1 - self.share


def _rare(z: NDArray[np.float64], given: Given) -> tuple[NDArray[np.float64], NDArray[np.float64] | float]:
    """|N(0, spread)| beyond the least one asked for, and the density of |N(0, 1)| there over that of the draw."""
    from scipy.special import ndtr, ndtri

    least, spread = given.rarity or 0.0, given.rarity_spread or 1.0
    beyond = erfc(least / spread / sqrt(2))
    r: NDArray[np.float64] = -spread * ndtri(ndtr(-np.abs(z)) * beyond)
    density_ratio = spread * np.exp(-(r**2) / 2 * (1 - spread**-2))
    return r, beyond * density_ratio


def _of_category(name: str, category: int) -> NDArray[np.float64]:
    if name == "charge":
        return np.array([-np.sign(pdg_code(category))], np.float64)
    one_hot: NDArray[np.float64] = np.eye(len(CATEGORIES))[category - 1]
    return one_hot


class FittedConditions:
    """Conditions of training muons, and those of other muons by the same rules.

    Arguments:
        names: As in `Conditions`.
        training: Muons of one category.
        region: What 'dangerous' means.
        representation: Rarity is ranked in its network space.
        seed: Of the choice of muons that rarity is measured against.

    Raises:
        SampleError: 'dangerous' is a condition, and no training muon is.
    """

    def __init__(
        self,
        names: tuple[ConditionName, ...],
        category: int,
        training: Sample,
        region: Region,
        representation: Representation,
        seed: int,
    ) -> None:
        self._representation = representation
        share = None
        if "dangerous" in names:
            inside = region.require_muons(training, f"category {category}, training events")
            share = float(training.weight[inside].sum() / training.sum_of_weights)
        self.conditions = Conditions(
            names=names,
            category=category,
            share=share,
            region=region if "dangerous" in names else None,
        )
        self._rarities: dict[bool, Rarity] = {}
        if "rarity" in names:
            for flag, rows in self._strata(training).items():
                if training.weight[rows].any():
                    matrix = self._encoded(training)[rows]
                    self._rarities[flag] = Rarity(matrix, training.weight[rows], seed)

    def of(self, sample: Sample) -> NDArray[np.float32]:
        """The conditions of muons, shape (n, numbers)."""
        columns: list[NDArray[Any]] = []
        for name in self.conditions.names:
            if name in OF_A_CATEGORY:
                columns.append(np.tile(_of_category(name, self.conditions.category), (len(sample), 1)))
            elif name == "dangerous":
                assert self.conditions.region is not None
                columns.append(self.conditions.region.contains(sample)[:, None])
            else:
                columns.append(self._rarity(sample)[:, None])
        return np.concatenate(columns, axis=1).astype(np.float32)

    def balanced(
        self, weight: NDArray[np.float64], condition: NDArray[np.float32], *, dangerous: float, spread: float
    ) -> NDArray[np.float64]:
        """Weights with which what is rare is drawn more often, shape (n,); each depends on the condition alone.

        Arguments:
            weight: Of the muons, shape (n,).
            condition: Of the muons, shape (n, numbers).
            dangerous: Least share of dangerous muons.
            spread: Of the rarity, 1 leaves it as it is.
        """
        out, names = weight, self.conditions.names
        place = {name: numbers_of(names[:number]) for number, name in enumerate(names)}
        share = self.conditions.share
        if share is not None and share < dangerous:
            inside = condition[:, place["dangerous"]] > 0
            out = np.where(inside, out * dangerous / share, out * (1 - dangerous) / (1 - share))
        if "rarity" in names:
            r = condition[:, place["rarity"]].astype(np.float64)
            out = out * np.exp(r**2 / 2 * (1 - spread**-2)) / spread
        return out

    def _rarity(self, sample: Sample) -> NDArray[np.float32]:
        rarity = np.zeros(len(sample), np.float32)
        matrix = self._encoded(sample)
        for flag, rows in self._strata(sample).items():
            if rows.any() and flag in self._rarities:
                rarity[rows] = self._rarities[flag].of(matrix[rows])
        return rarity

    def _strata(self, sample: Sample) -> dict[bool, NDArray[np.bool_]]:
        """Muons that rarity is ranked among: the dangerous ones for themselves, if that is a condition too."""
        if self.conditions.region is None:
            return {False: np.ones(len(sample), np.bool_)}
        inside = self.conditions.region.contains(sample)
        return {False: ~inside, True: inside}

    def _encoded(self, sample: Sample) -> NDArray[np.float32]:
        return self._representation.encode(sample)[:, : self._representation.learned]
