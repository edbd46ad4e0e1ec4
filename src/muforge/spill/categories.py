"""The generated muons of each category, from a bundle or from a file."""

from __future__ import annotations

from pathlib import Path

from muforge.bundle import MANIFEST_NAME, Bundle
from muforge.formats import read
from muforge.sample import CATEGORIES, Sample


def generated_categories(source: Path, *, muons: int, seed: int) -> dict[int, Sample]:
    """Samples by category: `muons` of each from a bundle, or all that a file has."""
    if (source / MANIFEST_NAME).is_file():
        bundle = Bundle.load(source)
        return {category: bundle.model(category).sample(muons, seed=seed) for category in bundle.rates}
    sample = read([source])
    category = sample.category
    return {number: sample.select(category == number) for number in CATEGORIES if (category == number).any()}
