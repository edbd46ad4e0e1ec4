from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from muforge.errors import OutputError
from muforge.judge import Judgement
from muforge.report.page import write_page
from muforge.report.picture import LARGEST_SVG
from muforge.report.sections import NO_ENSEMBLE
from tests.report.judged import HISTORY, NAME, judgement

LARGEST = 10e6


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, *tags: str) -> list[dict[str, Any]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture(scope="module")
def page(page_file: Path) -> str:
    assert list(page_file.parent.iterdir()) == [page_file]
    return page_file.read_text(encoding="utf-8")


def test_a_name_with_a_script_is_shown_not_run(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;document.title = &#34;run&#34;&lt;/script&gt; &amp; co") == 2


def test_nothing_is_fetched(page: str) -> None:
    elements = Elements(page)
    sources = [
        each.get("src") or each.get("href") or "" for each in elements.of("img", "link", "a", "iframe")
    ]
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not elements.of("script")
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_has_its_target(page: str) -> None:
    elements = Elements(page)
    targets = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    links = {each["href"][1:] for each in elements.of("a")}
    assert links <= targets
    assert len([attributes for _, attributes in elements.found if "id" in attributes]) == len(targets)


def test_figures_have_alternative_text_and_are_small_vectors_or_pixels(page: str) -> None:
    images = Elements(page).of("img")
    assert len(images) > 15
    assert all(len(image["alt"]) > 20 for image in images)
    assert all(re.search(r"\d", image["alt"]) for image in images)
    kinds = {image["src"].split(";")[0] for image in images}
    assert kinds == {"data:image/svg+xml", "data:image/png"}
    for image in images:
        content = base64.b64decode(image["src"].split(",")[1])
        if image["src"].startswith("data:image/svg"):
            assert len(content) <= LARGEST_SVG
            assert b"<svg" in content[:1000]
        else:
            assert content.startswith(b"\x89PNG")


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < LARGEST


@pytest.mark.parametrize(
    "text",
    [
        "Category 1: mu+ on axis",
        "Distinguishable from the simulation",
        "Kolmogorov-Smirnov distance (worst of",
        "Most anomalous cells",
        "Comb of slits",
        "Output of the note&#39;s boosted trees",
        "Weights of the strong classifier",
        "Yields beyond quantiles",
        "Bounds of physics",
        "Distances to training muons",
        "What the training statistics support",
        "Training history",
        "What the figures mean",
        "real.sha256.a",
    ],
)
def test_every_part_is_there(page: str, text: str) -> None:
    assert text in page


def test_tables_have_captions_and_scopes(page: str) -> None:
    elements = Elements(page)
    assert len(elements.of("table")) == len(elements.of("caption"))
    assert all("scope" in each for each in elements.of("th"))


def test_headings_do_not_skip_levels(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Elements(page).found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_same_judgement_gives_the_same_page(page_file: Path, tmp_path: Path) -> None:
    write_page(*judgement(NAME), tmp_path / "again.html", history={4: HISTORY})
    assert (tmp_path / "again.html").read_bytes() == page_file.read_bytes()


def test_a_judgement_without_details_or_samples(tmp_path: Path) -> None:
    whole, _ = judgement()
    bare = {number: each.model_copy(update={"details": {}}) for number, each in whole.categories.items()}
    path = tmp_path / "bare.html"
    write_page(Judgement(name="bare", categories=bare, provenance={}), {}, path)
    text = path.read_text(encoding="utf-8")
    assert NO_ENSEMBLE in text
    assert not Elements(text).of("img")


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(Judgement(name="none", categories={}, provenance={}), {}, tmp_path / "no" / "report.html")
