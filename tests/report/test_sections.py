from __future__ import annotations

from typing import Any

import pytest

from muforge.report.sections import NO_ENSEMBLE, sections
from tests.report.judged import judged

REGION = {"text": "0 < p < 20 GeV", "n_train": 100.0, "n_equivalent": 150.0, "amplification": 1.5}


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        (None, NO_ENSEMBLE),
        ({"members": 3, "median": None, "regions": []}, "No region holds enough training events."),
        ({"members": 3, "median": None, "regions": [REGION | {"low": 1.0, "high": None}]}, "no upper end"),
        ({"members": 3, "median": 1.5, "regions": [REGION | {"low": 1.0, "high": 2.0}]}, "regions is 1.5."),
    ],
)
def test_what_is_said_of_amplification(details: dict[str, Any] | None, sentence: str) -> None:
    category, _ = judged(4)
    content = {} if details is None else {"amplification": details}
    (_, said) = sections(category.model_copy(update={"details": content}), None, None)
    assert sentence in said.text[0]
