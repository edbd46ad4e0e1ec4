"""What a generated file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge import __version__
from muforge.bundle import Bundle
from muforge.formats.metadata import EVENTS_FIELD
from muforge.sample import FURTHER
from muforge.spill.plan import Plan


def metadata_of_shard(
    bundle: Bundle, plan: Plan, shard: int, shards: int, format: str, writer_options: Mapping[str, Any]
) -> dict[str, Any]:
    """JSON content for one of the files of a spill; equal content is an equal request.

    Arguments:
        bundle, plan: The models and what is made of them.
        shard, shards: Number of the file, from 0, and how many there are.
        format: Its name.
        writer_options: Of the format's writer.
    """
    records = bundle.manifest.categories
    return {
        "muforge_version": __version__,
        "model": {"name": bundle.name, "identity": bundle.identity},
        "seed": plan.seed,
        "protons_on_target": plan.protons_on_target,
        "weights_protons_on_target": bundle.protons_on_target,
        "muons_drawn" if plan.pairs else "muons": plan.muons,
        "pairs": plan.pairs,
        EVENTS_FIELD: plan.pairs,
        "variations": plan.variations,
        "training_n_eff": {str(category): n_eff for category, n_eff in bundle.n_eff.items()},
        "judged": {str(category): records[category].judged for category in bundle.rates},
        "shard": shard,
        "shards": shards,
        "first_muon": plan.first_row(plan.chunks_of_shard(shard, shards).start),
        "ecut": bundle.ecut,
        "smearing": "none: muons before beam smearing and random azimuth",
        "units": {"position": "cm" if format == "parquet" else "m", "momentum": "GeV"},
        "not_modelled": [name for name in FURTHER if name not in bundle.modelled],
        "modelled": list(bundle.modelled),
        "written_with": {name: value for name, value in writer_options.items() if value is not None},
    }


def title_of(bundle: Bundle, plan: Plan) -> str:
    """The same in a line, for people."""
    return (
        f"muforge {__version__}, model {bundle.name}, seed {plan.seed}: "
        f"{plan.protons_on_target:.6g} protons on target, "
        f"weights per {bundle.protons_on_target:.6g}, before smearing"
    )
