"""`muforge info`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muforge.about import BundleAbout, DatasetAbout, FileAbout
    from muforge.about.file import Origin
    from muforge.about.judged import Judged

UNKNOWN = "unknown"
NOT_JUDGED = "not judged"


def info(
    path: Annotated[Path, typer.Argument(help="File of muons of any format, bundle or data set.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    no_checksum: Annotated[
        bool, typer.Option("--no-checksum", help="Leave out the SHA-256 of a file, which reads all of it.")
    ] = False,
) -> None:
    """Say what a file of muons, a bundle or a data set is, and how it was made.

    The muons are not read: what is said is what the file says of itself.
    """
    import json
    from dataclasses import asdict

    from muforge.about import BundleAbout, FileAbout, about

    found = about(path, checksum=not no_checksum)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
    elif isinstance(found, FileAbout):
        _print_file(found)
    elif isinstance(found, BundleAbout):
        _print_bundle(found)
    else:
        _print_dataset(found)


def _print_file(file: FileAbout) -> None:
    _print_lines(
        {
            file.kind: file.path,
            "format": file.format,
            "size": f"{file.bytes / 1e6:,.1f} MB",
            "SHA-256": file.sha256,
            "entries": f"{file.entries:,}{' events' if file.format == 'cbmsim' else ''}",
            "columns": _with_units(file.columns) or UNKNOWN,
            "weights stand for": _protons(file.weights_protons_on_target),
            "events": "known" if file.events_known else "unknown, each muon counts as one",
            "energy cut": _energy(file.ecut),
            "title": file.title or None,
        }
    )
    if file.origin is None:
        _print_lines({"made by": f"{UNKNOWN}: no record of muforge"})
    else:
        _print_origin(file.origin)


def _print_origin(origin: Origin) -> None:
    made = f"muforge {origin.muforge_version}"
    if origin.simulation is not None:
        made += f", reference simulation of protons of {origin.simulation.energy:g} GeV"
    of_a_spill = origin.shards is not None and origin.shard is not None
    _print_lines(
        {
            "made by": made,
            "model": f"{origin.model.name}, {origin.model.identity}" if origin.model else None,
            "seed": None if origin.seed is None else str(origin.seed),
            "spill": None if origin.protons_on_target is None else _protons(origin.protons_on_target),
            "muons of the spill": _count(origin.muons),
            "drawn for the spill": _count(origin.muons_drawn),
            "file of the spill": f"{(origin.shard or 0) + 1} of {origin.shards}" if of_a_spill else None,
            "pairs": None if origin.pairs is None else "yes" if origin.pairs else "no",
            "variations": None if origin.variations is None else str(origin.variations),
            "modelled": _names(origin.modelled),
            "not modelled": _names(origin.not_modelled),
            "smearing": origin.smearing,
            "units": ", ".join(f"{name} {unit}" for name, unit in (origin.units or {}).items()) or None,
        }
    )
    if origin.model:
        _print_categories(origin.training_n_eff, origin.judged)


def _print_bundle(bundle: BundleAbout) -> None:
    from muforge.cli.screen import console, table

    _print_lines(
        {
            bundle.kind: bundle.path,
            "name": bundle.name,
            "identity": bundle.identity,
            "made by": f"muforge {bundle.muforge_version}",
            "weights stand for": _protons(bundle.weights_protons_on_target),
            "energy cut": _energy(bundle.ecut),
            "modelled": _names(bundle.modelled),
            "pairs": "yes" if bundle.pairs else "no",
            "replicas": str(bundle.replicas),
        }
    )
    rows = [
        (f"{category}  {part.title}", part.family, f"{part.parameters:,}", f"{part.rate:.3e}")
        for category, part in bundle.categories.items()
    ]
    console.print(table("", ("category", "family", "parameters", "per proton"), rows))
    _print_categories(
        {category: part.n_eff for category, part in bundle.categories.items()},
        {category: part.judged for category, part in bundle.categories.items()},
    )
    for category, part in bundle.categories.items():
        _print_lines(
            {
                f"conditions of {category}": _names(part.conditions) if part.conditions else None,
                f"completion of {category}": _names(part.completion) if part.completion else None,
                part.weights: f"SHA-256 {part.sha256}",
            }
        )


def _print_dataset(dataset: DatasetAbout) -> None:
    from muforge.cli.screen import console, table
    from muforge.dataset.manifest import SPLITS

    _print_lines(
        {
            dataset.kind: dataset.path,
            "made by": f"muforge {dataset.muforge_version}",
            "weights stand for": f"{_protons(dataset.weights_protons_on_target)} ({dataset.protons_source})",
            "largest weight": f"{dataset.largest_weight:g}",
            "events": "known" if dataset.events_known else "unknown, each muon counts as one",
            "energy cut": _energy(dataset.ecut),
            "seed of the split": str(dataset.seed),
            "columns": _with_units(dataset.columns),
            "files": f"{dataset.files:,}",
            "files left out": f"{len(dataset.left_out):,}" if dataset.left_out else None,
            "rows left out": f"{dataset.rows_left_out:,}" if dataset.rows_left_out else None,
        }
    )
    rows = [
        (
            f"{category}  {content.title}",
            f"{content.muons:,}",
            f"{content.n_eff:,.0f}",
            f"{content.rate:.3e}",
            *(f"{content.split[split]:,}" for split in SPLITS),
        )
        for category, content in dataset.categories.items()
    ]
    console.print(table("", ("category", "muons", "N_eff", "per proton", *SPLITS), rows))
    _print_lines({content.file: f"SHA-256 {content.sha256}" for content in dataset.categories.values()})


def _print_categories(n_eff: Mapping[int, float], judged: Mapping[int, Judged | None]) -> None:
    """What each model learned from, and how its muons differ from simulated ones."""
    from muforge.cli.screen import console, table

    header = ("category", "training N_eff", "ROC AUC", "its null", "chi2/dof", "its null")
    rows = []
    for category in sorted({*n_eff, *judged}):
        size = f"{n_eff[category]:,.0f}" if category in n_eff else UNKNOWN
        rows.append((str(category), size, *_figures(judged.get(category))))
    console.print(table("", header, rows))


def _figures(judged: Judged | None) -> tuple[str, ...]:
    from muforge.judge.table import NOT_DEFINED, measured

    if judged is None:
        return NOT_JUDGED, "", "", ""
    shown = []
    for side in (judged.generated, judged.null):
        shown.append(NOT_DEFINED if side is None else measured(side.auc, side.auc_error, decimals=4))
        shown.append(NOT_DEFINED if side is None else measured(side.reduced_chi2, None, decimals=2))
    return shown[0], shown[2], shown[1], shown[3]


def _print_lines(lines: Mapping[str, str | None]) -> None:
    """Name and value, line by line; what is None is left out."""
    from muforge.cli.screen import console

    for name, value in lines.items():
        if value is not None:
            console.print(f"{name:<20} {value}", markup=False, emoji=False)


def _with_units(columns: Mapping[str, str | None]) -> str:
    shown = {None: " [?]", "": ""}
    return ", ".join(name + shown.get(unit, f" [{unit}]") for name, unit in columns.items())


def _protons(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:.6g} protons on target"


def _energy(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:g} GeV"


def _count(muons: int | Mapping[int, int] | None) -> str | None:
    if muons is None:
        return None
    return f"{muons if isinstance(muons, int) else sum(muons.values()):,}"


def _names(names: Iterable[str] | None) -> str | None:
    return None if names is None else ", ".join(names) or "nothing"
