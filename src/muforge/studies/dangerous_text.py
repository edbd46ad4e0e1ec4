"""What the study of dangerous muons says, in sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from muforge.studies.enriched import RealMuons
from muforge.studies.enriched_findings import Found, OfRegion
from muforge.studies.enriching import ONLY, PLAIN, TITLES, Config
from muforge.studies.protocol import Table
from muforge.studies.spread import Spread, verdict

FEW = 30
"""Effective held-out muons below which only large differences are seen."""


def answers(regions: Sequence[OfRegion], config: Config) -> tuple[str, ...]:
    """For each region what is there and which method gives most, then over-fitting and the budget."""
    out = []
    for each in regions:
        out.append(_content(each.real))
        out += [f"Region '{each.real.name}': {text}" for text in _of_methods(each)]
    out += _over_fitting(regions)
    out.append(_budget(regions, config))
    return tuple(out)


def _content(real: RealMuons) -> str:
    held = real.dangerous_held_out
    text = (
        f"Region '{real.name}', {real.region.text}: {len(real.dangerous):,} training muons "
        f"(N_eff {real.dangerous.n_eff:.0f}) and {len(held):,} held-out ones (N_eff {held.n_eff:.0f}), "
        f"{100 * real.share:.3g}% of all; all that a method knows of it comes from the training muons."
    )
    if held.n_eff < FEW:
        return f"{text} So few that only large differences are seen inside."
    return text


def _of_methods(region: OfRegion) -> list[str]:
    out = []
    measured = [each for each in region.found if each.measured]
    plain = next((each for each in measured if each.method == PLAIN), None)
    methods = sorted(
        (each for each in measured if each.method != PLAIN),
        key=lambda each: region.gain(each).mean,
        reverse=True,
    )
    if methods:
        gains = ", ".join(f"{each.title} {_factor(region.gain(each))}" for each in methods)
        seeds = methods[0].measured
        out.append(
            f"N_eff inside per muon made, over that of unweighted muons ({len(seeds)} seeds): {gains}."
        )
        out.append(f"most has the {_described(methods[0])}.")
        good = [each for each in methods if region.agrees(each) and _as_good(plain, each)]
        if not good:
            out.append(
                "no method agrees with the held-out muons inside and is outside as good as the plain flow."
            )
        elif good[0] is not methods[0]:
            out.append(
                "of those that agree with the held-out muons inside, as far as these can tell, and are outside as "
                f"good as the plain flow, most has the {_described(good[0])}."
            )
        else:
            out.append(
                "it agrees with the held-out muons inside, as far as these can tell, and is outside as good as the "
                "plain flow."
                if plain
                else "it agrees with the held-out muons inside, as far as these can tell."
            )
    by_reason: dict[str, list[str]] = {}
    for name, reason in region.left_out.items():
        by_reason.setdefault(reason, []).append(TITLES[name])
    out += [f"without {' and '.join(names)}: {reason}." for reason, names in by_reason.items()]
    return out


def _as_good(plain: Found | None, found: Found) -> bool:
    """Whether a method's muons outside are no worse than the plain flow's."""
    mine = found.judged("outside")
    theirs = None if plain is None else plain.judged("outside")
    return mine is None or theirs is None or verdict(theirs, mine) != "worse"


def _described(found: Found) -> str:
    return (
        f"{found.title}: N_eff inside per muon {_text(found.spread('n_eff_inside'), 3)}, weighted yield inside over "
        f"that of held-out muons {_ratio_text(found)}, excess AUC inside {_auc_text(found, 'inside')}, outside "
        f"{_auc_text(found, 'outside')}"
    )


def _over_fitting(regions: Sequence[OfRegion]) -> list[str]:
    out = []
    for region in regions:
        found = {each.method: each for each in region.found if each.gaps}
        if ONLY not in found:
            continue
        texts = [
            f"{_gap_text(each)} nats in the {each.title} ({_nearer_text(each)})" for each in found.values()
        ]
        out.append(
            f"Region '{region.real.name}': training muons are more likely than held-out ones by {', by '.join(texts)}; "
            f"{len(region.real.dangerous):,} muons to learn from."
        )
    return out


def _nearer_text(found: Found) -> str:
    nearer = found.spread("nearer")
    if nearer is None:
        return "too few muons to look for copies"
    return (
        f"a generated muon is nearer to a training muon than a held-out one is in {_text(nearer, 3)} of cases"
    )


def _budget(regions: Sequence[OfRegion], config: Config) -> str:
    seconds = {
        (region.real.name, each.method): fmean(each.seconds) for region in regions for each in region.found
    }
    plain = fmean(value for (_, method), value in seconds.items() if method == PLAIN)
    others = [value / plain for (_, method), value in seconds.items() if method != PLAIN]
    least, most = min(others, default=1.0), max(others, default=1.0)
    return (
        f"Budget: training takes {plain:.0f} CPU s for the plain flow, and {least:.2f} to {most:.2f} times that for "
        f"the methods; {config.seeds} seeds each."
    )


def table(region: OfRegion, config: Config) -> Table:
    expected, error = region.real.expected
    rows = [
        (
            each.title,
            _text(Spread.of(each.seconds), 0),
            _text(each.spread("inside"), 4),
            _text(each.spread("purity"), 3, missing=""),
            _text(each.spread("n_eff_inside"), 4),
            _factor(region.gain(each)),
            _text(each.spread("n_eff"), 2),
            _ratio_text(each),
            _auc_text(each, "inside"),
            _auc_text(each, "outside"),
            _text(each.spread("nearer"), 3),
        )
        for each in region.found
        if each.measured
    ]
    return Table(
        f"Region '{region.real.name}', category {config.category}: {region.real.region.text}. Mean ± standard "
        f"deviation over {config.seeds} seeds, in square brackets errors over events, which all methods share. "
        "Per muon made: those inside, their N_eff, and that of all; the gain is N_eff inside over that of unweighted "
        "muons. The yield inside is weighted and over that of held-out muons (validation and test events, which "
        f"choose nothing here); that of training muons is {expected:.2f} [{error:.2f}]. The excess AUC is that of the "
        "note's BDT over training muons; 'nearer' is the probability that a generated muon inside is nearer to a "
        "training muon than a held-out one is.",
        (
            "method",
            "CPU s",
            "inside",
            "inside of those asked to be",
            "N_eff inside",
            "gain",
            "N_eff",
            "yield / held-out",
            "excess AUC inside",
            "excess AUC outside",
            "nearer",
        ),
        tuple(rows),
    )


def gap_table(regions: Sequence[OfRegion], config: Config) -> tuple[Table, ...]:
    rows = [
        (region.real.name, each.title, f"{len(region.real.dangerous):,}", _gap_text(each))
        for region in regions
        for each in region.found
        if each.gaps
    ]
    if not rows:
        return ()
    caption = (
        "Over-fitting: mean log density of training muons inside, less that of held-out ones, in nats; mean ± standard "
        f"deviation over {config.seeds} seeds, in square brackets the error over events, which all models share."
    )
    return (Table(caption, ("region", "model", "training muons inside", "difference [nats]"), tuple(rows)),)


def _text(spread: Spread | None, digits: int, missing: str = "too few") -> str:
    return missing if spread is None else spread.text(digits)


def _factor(gain: Spread) -> str:
    return f"× {gain.text(1 if gain.mean < 100 else 0)}"


def _ratio_text(found: Found) -> str:
    ratio = found.spread("ratio")
    if ratio is None:
        return "none held out"
    return f"{ratio.text(2)} [{fmean(each.ratio_error for each in found.measured):.2f}]"


def _auc_text(found: Found, where: str) -> str:
    judged = found.judged(where)
    if judged is None:
        return "too few"
    return f"{judged.text(3)} [{found.event_error(where):.3f}]"


def _gap_text(found: Found) -> str:
    gap = Spread.of([each.nats for each in found.gaps])
    return f"{gap.text(2)} [{fmean(each.error for each in found.gaps):.2f}]"
