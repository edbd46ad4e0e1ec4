from __future__ import annotations

import pytest

from muforge.reference.origin import Origin


def test_numbers_are_those_of_the_files() -> None:
    assert [origin.value for origin in Origin] == list(range(1, len(Origin) + 1))
    assert Origin(7) is Origin.CHARMONIUM


@pytest.mark.parametrize("origin", Origin)
def test_every_origin_has_a_title_of_its_own(origin: Origin) -> None:
    assert origin.title
    assert [other for other in Origin if other.title == origin.title] == [origin]
