"""A bundle of trained models."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from muforge.about.judged import Judged
from muforge.bundle import MANIFEST_NAME, Bundle, CategoryModel
from muforge.errors import BundleError
from muforge.problem import first_problem
from muforge.sample import CATEGORY_TITLES


@dataclass(frozen=True)
class Part:
    """The model of one category.

    Arguments:
        family: Of the model.
        columns: That it learns.
        conditions: What the model is told beside its latents; empty if nothing is.
        completion: Further columns, that a second model gives to the muons; empty if there is none.
        parameters: Numbers in the weights, those of the completion included.
        rate: Muons per proton on target.
        n_eff: Effective size of the training sample.
        judged: None if it was not.
        weights, sha256: File of the weights, and its checksum, which was found to be right.
    """

    title: str
    family: str
    columns: tuple[str, ...]
    conditions: tuple[str, ...]
    completion: tuple[str, ...]
    parameters: int
    rate: float
    n_eff: float
    judged: Judged | None
    weights: str
    sha256: str


@dataclass(frozen=True)
class BundleAbout:
    """What a bundle says of itself.

    Arguments:
        path: As given.
        name: For people.
        identity: SHA-256 of its `bundle.json`.
        muforge_version: Of the muforge that wrote it.
        weights_protons_on_target: Protons for which weights of generated muons are normalised.
        ecut: Energy cut of the production in GeV, if known.
        modelled: Columns that generated muons have.
        pairs: Whether muons of one decay can come together.
        replicas: How many models on resampled events come with it.
        categories: By number.
    """

    path: str
    name: str
    identity: str
    muforge_version: str
    weights_protons_on_target: float
    ecut: float | None
    modelled: tuple[str, ...]
    pairs: bool
    replicas: int
    categories: dict[int, Part]
    kind: Literal["bundle"] = "bundle"


def about_bundle(path: Path) -> BundleAbout:
    """What the bundle says of itself, once its checksums are found to be right.

    Raises:
        BundleError: It is damaged.
    """
    bundle = Bundle.load(path)
    return BundleAbout(
        path=str(path),
        name=bundle.name,
        identity=bundle.identity,
        muforge_version=bundle.manifest.provenance.muforge_version,
        weights_protons_on_target=bundle.protons_on_target,
        ecut=bundle.ecut,
        modelled=bundle.modelled,
        pairs=bundle.has_pairs,
        replicas=len(bundle.replicas),
        categories={
            category: _part(path, category, record)
            for category, record in sorted(bundle.manifest.categories.items())
        },
    )


def _part(path: Path, category: int, record: CategoryModel) -> Part:
    return Part(
        title=CATEGORY_TITLES[category],
        family=str(record.model.get("family", "unknown")),
        columns=record.columns,
        conditions=() if record.conditions is None else record.conditions.names,
        completion=() if record.completion is None else record.completion.columns,
        parameters=sum(prod(shape) for shape in record.weights.shapes.values()),
        rate=record.rate,
        n_eff=record.n_eff,
        judged=_judged(path, category, record.judged),
        weights=record.weights.file,
        sha256=record.weights.sha256,
    )


def _judged(path: Path, category: int, content: dict[str, Any] | None) -> Judged | None:
    try:
        return TypeAdapter(Judged | None).validate_python(content)
    except ValidationError as error:
        problem = first_problem(error, f"categories.{category}.judged")
        raise BundleError(f"{path / MANIFEST_NAME}: {problem}") from None
