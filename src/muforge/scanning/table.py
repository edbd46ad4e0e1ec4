"""A scan in words and rows, as the screen and the page show it."""

from __future__ import annotations

from collections.abc import Sequence

from muforge.scanning.parameter import Label
from muforge.scanning.result import ScanResult, Trial

_NOTHING = "–"


def header(parameters: Sequence[str]) -> tuple[str, ...]:
    """Of the columns of `cells`."""
    return ("trial", "value", "null", *short_names(parameters), "steps", "s")


def short_names(parameters: Sequence[str]) -> tuple[str, ...]:
    """The last parts of dotted keys, where these differ."""
    last = [name.rpartition(".")[2] for name in parameters]
    return tuple(
        short if last.count(short) == 1 else name for short, name in zip(last, parameters, strict=True)
    )


def cells(trial: Trial, parameters: Sequence[str]) -> tuple[str, ...]:
    """A row: number, value, null, parameters, steps up to the last judgement and seconds."""
    end = trial.end
    return (
        str(trial.number),
        number_text(end.value),
        number_text(end.null),
        *(label_text(trial.parameters[name]) for name in parameters),
        f"{end.step:,}",
        f"{end.seconds:,.1f}",
    )


def number_text(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.4g}"


def label_text(label: Label) -> str:
    """A value of a parameter."""
    return f"{label:.4g}" if isinstance(label, float) else str(label)


def parameters_text(trial: Trial) -> str:
    """All of a trial's values."""
    return ", ".join(f"{name} {label_text(label)}" for name, label in trial.parameters.items())


def sentences(found: ScanResult) -> list[str]:
    """What was found."""
    states = [each.state for each in found.trials]
    counts = [f"{states.count('complete')} complete"]
    if "pruned" in states:
        counts.append(f"{states.count('pruned')} stopped early (others were better at the same step)")
    counts += [f"{states.count(state)} {state}" for state in ("failed", "lost") if state in states]
    told = [f"Trials: {', '.join(counts)}."]
    best = found.best
    if best is None:
        return told
    null = "" if best.end.null is None else f" (real muons: {number_text(best.end.null)})"
    told.append(
        f"The best is trial {best.number}, with {number_text(best.value)}{null}: {parameters_text(best)}."
    )
    if found.importances:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found.importances.items())
        told.append(f"Of the variance of the value they make: {shares}.")
    told.append(
        "The best of many trials looks better than it is: judge it on the test events, which no trial has seen."
    )
    return told
