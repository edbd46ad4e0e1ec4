"""Networks that differ in one thing, beside their base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from muforge.studies.arms import TrainedArm
from muforge.studies.spread import SIGNIFICANT, Spread, difference, difference_text, pooled
from muforge.studies.variations import GRIDS, Setting


@dataclass(frozen=True)
class Network:
    """One network of a factor.

    Arguments:
        setting: What it is.
        trained: With all its seeds.
        excess: Its excess AUC.
        spread: The same with the deviation that differences are judged by.
    """

    setting: Setting
    trained: TrainedArm
    excess: Spread
    spread: Spread


@dataclass(frozen=True)
class Compared:
    """The networks of one factor, the base first.

    A cell of a grid, of few seeds, takes the deviation of the base; elsewhere all take one that they have in common.
    """

    networks: Sequence[Network]

    @classmethod
    def of(cls, settings: Sequence[Setting], trained: Mapping[str, TrainedArm]) -> Self:
        """Of the settings of one factor."""
        arms = [trained[each.arm.name] for each in settings]
        excess = [each.excess_auc() for each in arms]
        common = pooled(excess[:1] if settings[0].factor in GRIDS else excess)
        return cls(
            [
                Network(setting, arm, own, own.with_deviation(*common))
                for setting, arm, own in zip(settings, arms, excess, strict=True)
            ]
        )

    @property
    def factor(self) -> str:
        """What is varied."""
        return self.base.setting.factor

    @property
    def base(self) -> Network:
        """The network that the others are compared with."""
        return self.networks[0]

    @property
    def others(self) -> Sequence[Network]:
        """All but the base."""
        return self.networks[1:]

    @property
    def best(self) -> Network:
        """That of the lowest excess AUC."""
        return min(self.networks, key=lambda each: each.excess.mean)

    @property
    def differing(self) -> list[Network]:
        """Those that differ from the base."""
        return [
            each for each in self.others if abs(difference(self.base.spread, each.spread)[2]) >= SIGNIFICANT
        ]

    @property
    def worse(self) -> list[Network]:
        """Those that are worse than the base."""
        return [each for each in self.differing if each.excess.mean > self.base.excess.mean]

    def from_base(self, network: Network) -> str:
        """The difference of a network to the base, as text."""
        return difference_text(self.base.spread, network.spread)

    def details(self) -> list[dict[str, Any]]:
        """As JSON values."""
        return [
            {
                **each.trained.details(),
                "label": each.setting.label,
                "place": list(each.setting.place),
                "base": each.setting.is_base,
                "error": each.spread.error,
            }
            for each in self.networks
        ]
