"""The sections of one category's part of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from muforge.judge import CategoryJudgement, Comparison
from muforge.judge.result import Result
from muforge.judge.summary import shown, shown_p_value
from muforge.judge.verdict import LEVEL
from muforge.report.bdt import bdt_output
from muforge.report.comb import comb
from muforge.report.content import Row, Section, Table
from muforge.report.correlations import correlations
from muforge.report.figures_table import all_figures, overview
from muforge.report.outline import outline
from muforge.report.overlays import overlay
from muforge.report.pairs import pairs
from muforge.report.picture import picture
from muforge.report.progress import History, progress
from muforge.report.tail_cells import tail_cells
from muforge.report.uncertainty import uncertainty
from muforge.sample import Sample, features

Details = Mapping[str, Any]

NO_ENSEMBLE = (
    "Not estimated: no ensemble of generators was given. However many muons are generated, they hold no more "
    "information than those that the generator learned from: their statistical errors must not be read as those of as "
    "many simulated muons."
)


def sections(
    judged: CategoryJudgement, samples: tuple[Sample, Sample] | None, history: History | None
) -> list[Section]:
    """All sections that the judgement has content for, in the order of the page."""
    name = f"category-{judged.category}"
    out = [
        Section(
            f"{name}-figures",
            "Figures of merit",
            tables=[overview(judged.results), *all_figures(judged.results)],
        )
    ]
    for family, title, make in _BY_FAMILY:
        if family in judged.details:
            made = make(judged.details[family], judged)
            out.append(Section(f"{name}-{family.replace('_', '-')}", title, **made))
    if samples is not None:
        drawn = pairs(*samples, features(judged.category))
        alt = (
            "Two-dimensional histograms of every pair of columns, real and generated side by side."
            f"{_stated(_worst(judged.of_family('pairs')))}"
        )
        figure = picture(drawn, alt, "Colour is the share of muons in a bin, on one logarithmic scale.")
        out.append(Section(f"{name}-pair-plots", "Pairs of columns", figures=[figure]))
    out.append(_amplification(name, judged.details.get("amplification")))
    if history:
        last = history[-1]
        alt = f"Figures of merit and losses against the training step, up to step {last.get('step')}."
        figure = picture(progress(history), alt, "On the validation events, beside the null.")
        out.append(Section(f"{name}-history", "Training history", figures=[figure]))
    return out


def _note_classifier(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    comparison = Comparison.from_dict(details["comparison"])
    null = "" if comparison.null is None else f" Its null has an AUC of {comparison.null.auc:.4f}."
    alt = f"Output of the note's boosted trees: AUC {comparison.generated.auc:.4f}.{null}"
    caption = "Distribution of the output on test halves, 1 is real. Bands and bars are statistical errors."
    return {"figures": [picture(bdt_output(comparison), alt, caption)]}


def _weights(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    sides = ("generated", "real", "null")
    rows = [Row((tail["text"], *(f"{tail[side]:.2%}" for side in sides))) for tail in details["tails"]]
    low = details["tails"][1]
    alt = f"Distribution of the classifier weight; {low['generated']:.1%} of the generated muons have {low['text']}."
    drawn = outline(details["weights"], r"$\log_{10} w$, $w = D / (1 - D)$", marks=(0.0,))
    caption = (
        "Left tail: muons that the generator makes and the simulation hardly does. Right tail: regions that the "
        "generator misses. The dotted line is w = 1, where nobody can tell."
    )
    return {
        "figures": [picture(drawn, alt, caption)],
        "tables": [Table("Share of muons in the tails of the weight", ("weight", *sides), rows)],
    }


def _anomalies(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    found = any(r.p_value is not None and r.p_value < LEVEL for r in judged.of_family("anomalies"))
    text = (
        "Significances are those of single cells."
        if found
        else "No cell differs more than is expected of the largest of so many; these are the largest differences."
    )
    return {"text": [text], "items": [cell["text"] for cell in details["cells"]]}


def _overlays(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    pictures = []
    for name, content in details["quantities"].items():
        distances = _stated([r for r in judged.of_family("one_dimensional") if r.of == name][:1])
        alt = f"Densities of {name}, real and generated, and their ratio.{distances}"
        pictures.append(picture(overlay({name: content}), alt, f"{name}.{distances}"))
    text = "Densities of simulated and generated muons and their ratio; errors are over events."
    return {"text": [text], "gallery": pictures}


def _comb(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    slits = details["slits"]
    mean = sum(slit["generated"] for slit in slits) / len(slits)
    real = sum(slit["real"] for slit in slits) / len(slits)
    alt = f"Contrast of {len(slits)} slits: {mean:.2f} on average in generated muons, {real:.2f} in simulated ones."
    return {
        "figures": [picture(comb(slits), alt, "1: no muon starts in the slit; 0: the slit cannot be seen.")]
    }


def _correlation(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    alt = (
        f"Rank correlations of {', '.join(details['columns'])}: real, generated and their difference."
        f"{_stated(judged.of_family('correlation'))}"
    )
    return {"figures": [picture(correlations(details), alt, "Correlations of normal scores.")]}


def _tails(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    rows = [
        Row(
            (
                f"{each['quantity']} beyond {100 * each['level']:g}% ({each['threshold']:.4g} {each['unit']})",
                _number(each["ratio"]),
                f"{_number(each['low'])} to {_number(each['high'])}",
                _number(each["null_ratio"]),
                f"{each['n_eff_generated']:,.0f}",
                f"{each['n_eff_real']:,.0f}",
            )
        )
        for each in details["quantiles"]
    ]
    header = ("quantile", "generated / real", "68% interval", "null / real", "N_eff generated", "N_eff real")
    sigmas = [value for row in details["cells"]["significance"] for value in row if value is not None]
    deviating = sum(abs(value) > 3 for value in sigmas)
    alt = f"Ratios of yields in cells of p and pT; {deviating} of {len(sigmas)} differ by more than 3 sigma."
    caption = (
        "Number: generated over real. Colour: significance; too few generated muons are blue, too many red."
    )
    return {
        "tables": [Table("Yields beyond quantiles", header, rows)],
        "figures": [picture(tail_cells(details["cells"]), alt, caption)],
    }


def _uncertainty(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    coverage = details["coverage"]
    text = (
        f"From {details['replicas']} replicas, trained again on resampled events with other seeds. In "
        f"{coverage['within']:.1%} of {coverage['cells']} cells the simulated share lies within one standard deviation "
        f"(68.3% are expected; {coverage['without_systematic']:.1%} without the systematic error)."
    )
    pictures = [
        picture(
            uncertainty({name: content}),
            f"Generated over real share of {name}, with statistical and systematic errors.",
            name,
        )
        for name, content in details["quantities"].items()
        if "edges" in content
    ]
    return {"text": [text], "gallery": pictures}


def _bounds(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    rows = [
        Row((each["text"], f"{each['rows']:,}", f"{each['share']:.2g}"), each["rows"] > 0)
        for each in details["bounds"]
    ]
    return {"tables": [Table("Generated muons beyond bounds of physics", ("bound", "muons", "share"), rows)]}


def _memorisation(details: Details, judged: CategoryJudgement) -> dict[str, Any]:
    figure = picture(
        outline(details["distance"], r"$\log_{10}$ of the distance to the nearest training muon"),
        "Distances to the nearest training muon, of generated and of held-out simulated muons."
        f"{_stated(judged.of_family('memorisation')[:1])}",
        "In standard deviations of normal scores. A generator that copies has an excess at small distances.",
    )
    return {"figures": [figure]}


_BY_FAMILY: Sequence[tuple[str, str, Callable[[Details, CategoryJudgement], dict[str, Any]]]] = (
    ("anomalies", "Most anomalous cells", _anomalies),
    ("one_dimensional", "One-dimensional distributions", _overlays),
    ("note_classifier", "Output of the note's boosted trees", _note_classifier),
    ("strong_classifier", "Weights of the strong classifier", _weights),
    ("comb", "Comb of slits", _comb),
    ("correlation", "Correlations", _correlation),
    ("tails", "Tails", _tails),
    ("uncertainty", "Uncertainty of the generator", _uncertainty),
    ("bounds", "Bounds of physics", _bounds),
    ("memorisation", "Distances to training muons", _memorisation),
)


def _amplification(name: str, details: Details | None) -> Section:
    title, anchor = "What the training statistics support", f"{name}-amplification"
    if not details:
        return Section(anchor, title, text=[NO_ENSEMBLE])
    rows = [
        Row(
            (
                each["text"],
                f"{each['n_train']:,.0f}",
                _count(each["n_equivalent"]),
                _number(each["amplification"]),
                f"{_number(each['low'])} to {_number(each['high'])}",
            )
        )
        for each in details["regions"]
    ]
    header = ("region", "n_train", "n_equivalent", "G", "68% interval")
    caption = f"From the variance over {details['members']} generators; a bias that all share is not in it"
    text = [
        _middle(details),
        "Of generators that differ in their seed alone, and not in their training muons, G is an upper limit.",
    ]
    return Section(anchor, title, text=text, tables=[Table(caption, header, rows)])


def _middle(details: Details) -> str:
    if not details["regions"]:
        return "No region holds enough training events."
    if details["median"] is None:
        return (
            "At least half of the regions have no upper end of G: there the generators spread no more than their "
            "finite samples do."
        )
    return f"The median of G = n_equivalent / n_train over regions is {_number(details['median'])}."


def _worst(results: Sequence[Result]) -> Sequence[Result]:
    """The one that differs most, if any."""
    tested = [result for result in results if result.p_value is not None]
    return sorted(tested, key=lambda result: (result.p_value, -result.value))[:1]


def _stated(results: Sequence[Result]) -> str:
    """Figures of merit as sentences, each after a space."""
    return "".join(map(_sentence, results))


def _sentence(result: Result) -> str:
    name = f"{result.name} of {result.of}" if result.family == "pairs" else result.name
    text = f" {name[0].upper()}{name[1:]}: {shown(result.value, result.error)}"
    if result.null is not None:
        text += f", null {shown(result.null, result.null_error)}"
    if result.p_value is not None:
        p_value = shown_p_value(result.p_value).removesuffix(" *")
        text += f", p {p_value}" if p_value.startswith("<") else f", p = {p_value}"
    return f"{text}."


def _number(value: float | None) -> str:
    return "open" if value is None else f"{value:.3g}"


def _count(value: float | None) -> str:
    return "open" if value is None else f"{value:,.0f}"
