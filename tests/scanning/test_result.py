"""What a scan found, in numbers, words and rows."""

from __future__ import annotations

import json

from muforge.scanning.result import ScanResult, Trial
from muforge.scanning.table import cells, header, sentences, short_names
from muforge.scanning.trial import TrialEnd

COMPLETE = Trial(0, {"-l": 0.00012346, "model.a": True}, TrialEnd("complete", 0.25, 0.0125, 12_000, 1234.56))
BETTER = Trial(3, {"-l": 0.5, "model.a": None}, TrialEnd("complete", 0.125, None, 40, 2.0))
AS_GOOD = Trial(4, {"-l": 0.6, "model.a": None}, TrialEnd("complete", 0.125, None, 40, 2.0))
PRUNED = Trial(1, {"-l": 0.1, "model.a": False}, TrialEnd("pruned", 0.0625, 0.01, 10, 1.0))
FAILED = Trial(2, {"-l": 0.2, "model.a": False}, TrialEnd("failed", None, None, 0, 0.0, "no"))
FOUND = ScanResult("auc", (1, 4), (COMPLETE, PRUNED, FAILED, BETTER, AS_GOOD), {"-l": 0.75, "model.a": 0.25})


def test_only_complete_trials_are_ranked() -> None:
    assert FOUND.ranked == (BETTER, AS_GOOD, COMPLETE)
    assert FOUND.best is BETTER
    assert FOUND.failed == (FAILED,)
    assert ScanResult("auc", (1, 4), (PRUNED, FAILED), {}).best is None


def test_a_result_is_the_same_after_a_file() -> None:
    assert ScanResult.from_dict(json.loads(json.dumps(FOUND.to_dict()))) == FOUND


def test_rows() -> None:
    names = list(COMPLETE.parameters)
    assert header(names) == ("trial", "value", "null", "-l", "a", "steps", "s")
    assert cells(COMPLETE, names) == ("0", "0.25", "0.0125", "0.0001235", "True", "12,000", "1,234.6")
    assert cells(FAILED, names)[1:3] == ("–", "–")
    assert short_names(["a.layers", "b.layers", "b.width"]) == ("a.layers", "b.layers", "width")


def test_sentences() -> None:
    told = sentences(FOUND)
    assert told[0] == ("Trials: 3 complete, 1 stopped early (others were better at the same step), 1 failed.")
    assert told[1] == "The best is trial 3, with 0.125: -l 0.5, model.a None."
    assert told[2] == "Of the variance of the value they make: -l 75%, model.a 25%."
    assert "test events" in told[3]
    assert sentences(ScanResult("auc", (1, 4), (FAILED,), {})) == ["Trials: 0 complete, 1 failed."]
