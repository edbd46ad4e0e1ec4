"""How many muons of each category a spill has, and which of them are in which chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from muforge.errors import ConfigError
from muforge.rng import Purpose, stream

ROWS_PER_CHUNK = 65_536
_MOST_MUONS = 10**15


@dataclass(frozen=True)
class Plan:
    """What is to be generated. The plan alone decides every muon; workers and shards do not.

    Arguments:
        seed: The user's seed.
        protons_on_target: The protons that the muons stand for.
        counts: Number of muons per category.
        pairs: Whether muons of one decay come together. Then the muons of a category are as many on average only.
        variations: Replicas for which muons have a weight.
    """

    seed: int
    protons_on_target: float
    counts: Mapping[int, int]
    pairs: bool = False
    variations: int = 0

    @property
    def muons(self) -> int:
        return sum(self.counts.values())

    @property
    def chunks(self) -> int:
        return -(-self.muons // ROWS_PER_CHUNK)

    def rows(self, chunk: int) -> dict[int, int]:
        """Muons per category in a chunk: each category is spread evenly over all chunks."""
        return {
            category: self._before(count, chunk + 1) - self._before(count, chunk)
            for category, count in self.counts.items()
        }

    def first_row(self, chunk: int) -> int:
        """Muons in the chunks before this one."""
        return sum(self._before(count, chunk) for count in self.counts.values())

    def _before(self, count: int, chunk: int) -> int:
        return count * chunk // self.chunks

    def chunks_of_shard(self, shard: int, shards: int) -> range:
        """The consecutive chunks that make a shard."""
        return range(self.chunks * shard // shards, self.chunks * (shard + 1) // shards)


def plan_spill(
    rates: Mapping[int, float],
    *,
    protons_on_target: float | None = None,
    muons: int | None = None,
    seed: int = 0,
    pairs: bool = False,
    variations: int = 0,
) -> Plan:
    """Draw the counts of a spill.

    Arguments:
        rates: Muons per proton on target, for each category.
        protons_on_target: Counts are Poisson numbers around rate times protons.
        muons: Instead of protons, the total number of muons. The counts are then multinomial, which is what
            independent Poisson numbers become when their sum is given, and the protons are muons / rate.
        seed: Of the counts and of everything after them.
        pairs: Whether muons of one decay come together.
        variations: Replicas for which muons have a weight.

    Raises:
        ConfigError: Neither or both of protons and muons are given, or one is out of range.
    """
    if (protons_on_target is None) == (muons is None):
        raise ConfigError("give either a number of protons on target (--pot) or a number of muons (--muons)")
    categories = list(rates)
    rate = np.array([rates[category] for category in categories])
    generator = stream(seed, Purpose.COUNTS)
    if protons_on_target is not None:
        if not (np.isfinite(protons_on_target) and protons_on_target > 0):
            raise ConfigError(f"--pot {protons_on_target:g}: must be a positive number")
        _check_size(rate.sum() * protons_on_target, f"--pot {protons_on_target:g}")
        counts = generator.poisson(rate * protons_on_target)
    else:
        assert muons is not None
        if muons <= 0:
            raise ConfigError(f"--muons {muons}: must be a positive number")
        _check_size(muons, f"--muons {muons}")
        counts = generator.multinomial(muons, rate / rate.sum())
        protons_on_target = float(muons / rate.sum())
    if counts.sum() == 0:
        raise ConfigError(f"--pot {protons_on_target:g}: too few protons, this spill has no muons")
    return Plan(
        seed, protons_on_target, dict(zip(categories, map(int, counts), strict=True)), pairs, variations
    )


def _check_size(muons: float, option: str) -> None:
    if muons > _MOST_MUONS:
        raise ConfigError(f"{option}: {muons:.2g} muons are more than can be numbered ({_MOST_MUONS:.0e})")
