"""How many muons a spill has, and which of them are in which chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from muforge.errors import ConfigError
from muforge.rng import Purpose, stream

ROWS_PER_CHUNK = 65_536
_MOST_MUONS = 10**15


@dataclass(frozen=True)
class Plan:
    """What is to be generated. The plan alone decides every muon; threads and shards do not.

    Muons are numbered from 0. Each one's number, with the seed, is the address of its random numbers, so a spill of
    fewer muons is the beginning of one of more.

    Arguments:
        seed: The user's seed.
        protons_on_target: The protons that the muons stand for.
        muons: Their number. With `pairs` it is the number of those drawn, and that of muons on average only.
        pairs: Whether muons of one decay come together.
        variations: Replicas for which muons have a weight.
    """

    seed: int
    protons_on_target: float
    muons: int
    pairs: bool = False
    variations: int = 0

    @property
    def chunks(self) -> int:
        return -(-self.muons // ROWS_PER_CHUNK)

    def rows(self, chunk: int) -> int:
        """Muons in a chunk."""
        return min(ROWS_PER_CHUNK, self.muons - self.first_row(chunk))

    def first_row(self, chunk: int) -> int:
        """Muons in the chunks before this one."""
        return chunk * ROWS_PER_CHUNK

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
    """Draw the number of muons of a spill.

    Arguments:
        rates: Muons per proton on target, for each category.
        protons_on_target: The number of muons is a Poisson number around the rates' sum times these.
        muons: Instead of protons, the number of muons. The protons are then muons / rate.
        seed: Of the number and of everything after it, 0 <= seed < 2**64.
        pairs: Whether muons of one decay come together.
        variations: Replicas for which muons have a weight.

    Each muon is of a category with a probability in proportion to its rate. Categories' numbers are then multinomial,
    or independent Poisson numbers where the total is one.

    Raises:
        ConfigError: Neither or both of protons and muons are given, or one is out of range.
    """
    if (protons_on_target is None) == (muons is None):
        raise ConfigError("give either a number of protons on target (--pot) or a number of muons (--muons)")
    rate = sum(rates.values())
    generator = stream(seed, Purpose.COUNTS)
    if protons_on_target is not None:
        if not (isfinite(protons_on_target) and protons_on_target > 0):
            raise ConfigError(f"--pot {protons_on_target:g}: must be a positive number")
        _check_size(rate * protons_on_target, f"--pot {protons_on_target:g}")
        muons = int(generator.poisson(rate * protons_on_target))
        if muons == 0:
            raise ConfigError(f"--pot {protons_on_target:g}: too few protons, this spill has no muons")
        return Plan(seed, float(protons_on_target), muons, pairs, variations)
    assert muons is not None
    if muons <= 0:
        raise ConfigError(f"--muons {muons}: must be a positive number")
    _check_size(muons, f"--muons {muons}")
    return Plan(seed, muons / rate, muons, pairs, variations)


def _check_size(muons: float, option: str) -> None:
    if muons > _MOST_MUONS:
        raise ConfigError(f"{option}: {muons:.2g} muons are more than can be numbered ({_MOST_MUONS:.0e})")
