"""Judgements for the tests of the page."""

from __future__ import annotations

from functools import cache

from muforge.judge import CategoryJudgement, Judgement, judge_category
from muforge.sample import Sample
from tests.judge.beam import beam, generated

MUONS = 3000
NAME = '<script>document.title = "run"</script> & co'


@cache
def judged(category: int) -> tuple[CategoryJudgement, tuple[Sample, Sample]]:
    """A category judged by every test, and the samples."""
    real, train = (beam(MUONS, seed, category=category) for seed in range(2))
    other = generated(MUONS, 2, category=category, scale=14.0)
    members = [other, generated(MUONS, 3, category=category, scale=14.0)]
    return judge_category(real, other, train=train, members=members, repeats=1, threads=1), (real, other)


def judgement(name: str = "toy") -> tuple[Judgement, dict[int, tuple[Sample, Sample]]]:
    """Two categories under a name, and their samples."""
    found = {category: judged(category) for category in (1, 4)}
    provenance = {"real": {"name": "ds", "sha256": {"a": "0" * 64}}, "seed": 0, "train": None}
    return (
        Judgement(
            name=name, categories={number: each for number, (each, _) in found.items()}, provenance=provenance
        ),
        {number: samples for number, (_, samples) in found.items()},
    )


HISTORY = [
    {"step": 10 * n, "auc": 0.7, "overlap": 0.8, "reduced_chi2": 3.0, "null_auc": 0.5, "d_loss": 0.7}
    for n in range(1, 4)
]
