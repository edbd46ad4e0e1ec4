"""What is found in the latent space of one model, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from muforge.studies.latent import ActiveUnits
from muforge.studies.latent_box import BoxMuons, box_text
from muforge.studies.latent_codes import Codes, summary
from muforge.studies.latent_effects import Effects
from muforge.studies.latent_grid import REAL_ABOVE, DeadGrid
from muforge.studies.protocol import Table
from muforge.studies.spread import Spread
from muforge.trained import TrainedModel

RANKED = 8
"""Dimensions that the table of effects shows."""

CODE_CELLS = 40
"""Of the histograms of codes, in each dimension."""


@dataclass(frozen=True, eq=False)
class Look:
    """What is found in one model.

    Arguments:
        model: Itself.
        effects: Of its latent dimensions.
        grid: The map.
        sure: Share of all its muons that the BDT is nearly sure of.
        found: Codes of real muons by kind, if it has an encoder.
        units: Which latent dimensions its decoder uses, likewise.
        box: Muons of a box, if one is known.
    """

    model: TrainedModel
    effects: Effects
    grid: DeadGrid
    sure: float
    found: dict[str, Codes] | None
    units: ActiveUnits | None
    box: BoxMuons | None


def answers(name: str, looks: Sequence[Look]) -> list[str]:
    """Sentences on a model, trained with several seeds."""
    first = looks[0]
    grids = [each.grid for each in looks]
    strongest = Spread.of([float(each.effects.score.max()) for each in looks])
    of_muons = Spread.of([float(each.effects.of_muons.max()) for each in looks])
    out = [
        f"{name}, {len(first.effects.score)} latent dimensions, {_seeds(looks)}: the BDT is nearly sure of "
        f"{_percent(Spread.of([each.sure for each in looks]))} of its muons, of {REAL_ABOVE:.0%} of real ones. The "
        f"dimension that decides most decides {_percent(strongest)} of the score's variance by itself, and "
        f"{_percent(of_muons)} of that of a column.",
        f"{name}: dead space over two dimensions ({_pairs(looks)}) has {_percent(Spread.of([g.dead for g in grids]))} "
        f"of the prior's probability with the others averaged over, "
        f"{_percent(Spread.of([g.dead_held for g in grids]))} with the others at zero.",
    ]
    if first.found is not None and first.units is not None:
        active = Spread.of([float(each.units.active.sum()) for each in looks if each.units is not None])
        divergence = Spread.of(
            [float(each.found["all"].divergence().max()) for each in looks if each.found is not None]
        )
        apart = Spread.of([summary(each.found)[1]["apart"] for each in looks if each.found is not None])
        out += [
            f"{name}: {active.text(1)} of {len(first.effects.score)} latent dimensions are active; where real muons "
            f"are encoded differs from the prior by at most {divergence.text(3)} nats in a dimension. Dangerous muons "
            f"lie {apart.text(2)} standard deviations from the mean of all.",
        ]
    boxes = [each.box for each in looks if each.box is not None]
    if boxes:
        out.append(_of_boxes(name, boxes))
    return out


def _of_boxes(name: str, boxes: Sequence[BoxMuons]) -> str:
    text = (
        f"{name}: the box {box_text(boxes[0].box)} has "
        f"{_percent(Spread.of([each.probability for each in boxes]))} of the prior's probability"
    )
    encoded = [each.encoded for each in boxes if each.encoded is not None]
    if encoded:
        text += f" and {_percent(Spread.of(encoded))} of the codes of real muons"
    shares = [
        (each.of_box, each.of_all) for each in boxes if each.of_box is not None and each.of_all is not None
    ]
    if shares:
        of_box, of_all = (Spread.of(each) for each in zip(*shares, strict=True))
        text += f"; {_percent(of_box)} of its muons are dangerous, and {_percent(of_all)} of those of all latent space"
    return f"{text}. {len(boxes[0].muons):,} muons of it are written, with the box's probability as weight."


def tables(name: str, looks: Sequence[Look]) -> list[Table]:
    """The numbers of the first seed."""
    first = looks[0]
    out = [_effect_table(name, first)]
    if first.found is not None and first.units is not None:
        out += [_dimension_table(name, first.found["all"], first.units), _group_table(name, first.found)]
    return out


def _effect_table(name: str, look: Look) -> Table:
    effects = look.effects
    rows = []
    for number in effects.strongest(RANKED):
        most = max(effects.muons, key=lambda quantity: effects.muons[quantity][number])
        rows.append(
            (
                str(number),
                f"{effects.score[number]:.2%}",
                f"{effects.muons[most][number]:.2%}",
                most,
            )
        )
    return Table(
        f"{name}, seed 0: share of variance that a latent dimension decides by itself, of the BDT's score and of the "
        f"rank of the quantity that it decides most; the first {len(rows)} of {len(effects.score)} dimensions.",
        ("dimension", "of the score", "of a quantity", "which"),
        tuple(rows),
    )


def _dimension_table(name: str, codes: Codes, units: ActiveUnits) -> Table:
    divergence = codes.divergence()
    rows = tuple(
        (
            str(number),
            f"{codes.centre[number]:+.3f}",
            f"{codes.width[number]:.3f}",
            f"{divergence[number]:.3f}",
            f"{units.divergence[number]:.3f}",
            "yes" if units.active[number] else "no",
        )
        for number in range(len(divergence))
    )
    return Table(
        f"{name}, seed 0: training muons in latent space, of which the prior has mean 0 and deviation 1; "
        f"N_eff {codes.n_eff:,.0f}.",
        ("dimension", "mean", "deviation", "KL of all from the prior", "mean KL of a muon", "active"),
        rows,
    )


def _group_table(name: str, found: Mapping[str, Codes]) -> Table:
    rows = []
    for each in summary(found):
        places = [
            f"{centre:+.2f} ± {width:.2f}"
            for centre, width in zip(each["centre"], each["width"], strict=True)
        ]
        rows.append(
            (each["name"], f"{each['muons']:,}", f"{each['n_eff']:,.0f}", *places, f"{each['apart']:.2f}")
        )
    dimensions = len(found["all"].centre)
    return Table(
        f"{name}, seed 0: mean ± standard deviation of z by kind of muon. The last column is the largest distance from "
        "all muons, in their standard deviations. Muons of other categories are test muons, seen by an encoder that "
        "has not learnt them.",
        ("muons", "number", "N_eff", *(f"z{number}" for number in range(dimensions)), "apart"),
        tuple(rows),
    )


def details(name: str, look: Look, end: float) -> dict[str, Any]:
    """What figures are drawn from, as JSON values; codes are shown from -`end` to `end`."""
    content: dict[str, Any] = {
        "name": name,
        "grid": look.grid.to_dict(),
        "effects": {
            "score": look.effects.score.tolist(),
            "muons": {quantity: shares.tolist() for quantity, shares in look.effects.muons.items()},
        },
        "box": None if look.box is None else look.box.to_dict(),
    }
    if look.found is not None:
        edges = np.linspace(-end, end, CODE_CELLS + 1)
        content["codes"] = {
            "edges": edges.tolist(),
            "marginals": look.found["all"].marginals(edges),
            "groups": {
                group: codes.density(look.grid.dimensions, edges).tolist()
                for group, codes in look.found.items()
            },
            "summary": summary(look.found),
        }
    return content


def _seeds(looks: Sequence[Look]) -> str:
    return "1 seed" if len(looks) == 1 else f"{len(looks)} seeds"


def _pairs(looks: Sequence[Look]) -> str:
    return ", ".join("{} and {}".format(*each.grid.dimensions) for each in looks)


def _percent(spread: Spread) -> str:
    mean = f"{100 * spread.mean:.3g}%"
    return mean if spread.seeds == 1 else f"{mean} ± {100 * spread.deviation:.2g}%"
