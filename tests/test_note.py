"""The walk through the 2018 note: everything is answered, and every command, link and option is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from muforge.cli.app import app
from muforge.models import FAMILIES, family
from muforge.presets import preset
from muforge.representation import NoteRepresentationConfig, PhysicsRepresentationConfig
from muforge.studies import STUDIES
from muforge.study import study_config
from muforge.training.config import RunConfig, TrainingConfig

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NOTE, GLOSSARY, ABOUT_STUDIES = (DOCS / name for name in ("note.md", "glossary.md", "studies.md"))
PAGES = (NOTE, GLOSSARY, ABOUT_STUDIES)
SECTIONS = range(1, 15)

of_pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)


def parts(page: Path, level: str) -> dict[str, str]:
    """The text under each heading of a level, up to the next heading of this level or above."""
    _, *found = re.split(rf"^(?=#{{1,{len(level)}}} )", page.read_text(), flags=re.MULTILINE)
    return {
        each.split("\n", 1)[0].removeprefix(f"{level} "): each.split("\n", 1)[1]
        for each in found
        if each.startswith(f"{level} ")
    }


QUESTIONS = {head: text for head, text in parts(NOTE, "###").items() if re.match(r"Q\d+: ", head)}


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """Arguments of the commands in blocks of code and in lines that are code throughout."""
    for line in re.findall(rf"^    ({program} .*)$", page.read_text(), flags=re.MULTILINE):
        yield shlex.split(line, comments=True)[1:]
    for line in re.findall(rf"`({program} [^`]*)`", page.read_text()):
        if "NAME" not in line:
            yield shlex.split(line)[1:]


@of_pages
def test_links_lead_to_headings(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]*)\)", page.read_text())
    assert links
    for target in links:
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in {slug(each) for each in headings(file)}, target


@of_pages
def test_commands_are_understood(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    for name, *rest in commands(page, "muforge"):
        command = group.commands[name]
        if rest:
            with command.make_context(name, rest) as context:
                _check_options(name, context.params)


def _check_options(command: str, given: Mapping[str, Any]) -> None:
    """Names and values of presets, studies and keys."""
    settings = dict(text.split("=", 1) for text in given.get("settings") or [])
    if command == "study" and given["name"] is not None:
        study_config(given["name"], {key: _value(text) for key, text in settings.items()})
    if command == "train":
        mapping = preset(given["preset"] or "best").to_mapping()
        for key, text in settings.items():
            *path, last = key.split(".")
            place: Any = mapping
            for name in path:
                place = place[name]
            place[last] = _value(text)
        RunConfig.from_mapping(mapping)


def _value(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


@of_pages
def test_make_targets_and_modules_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target, *_ in commands(page, "make"):
        assert f"\n{target}: " in makefile, target
    for dash, module, *_ in commands(page, "python"):
        assert dash == "-m"
        assert find_spec(module) is not None, module


def test_every_study_has_its_part() -> None:
    text, studies = NOTE.read_text(), parts(NOTE, "###")
    for name in STUDIES:
        assert text.count(f"<!-- begin {name} -->") == text.count(f"<!-- end {name} -->") == 1
        own = studies[f"Study {name}"]
        assert f"muforge study {name} ds" in own
        for question in re.findall(r"\[(Q\d+)\]", own):
            (asked,) = (each for head, each in QUESTIONS.items() if head.startswith(f"{question}: "))
            assert f"#study-{name}" in asked, f"{question} does not send to study {name}"
    assert {head.removeprefix("Study ") for head in studies if head.startswith("Study ")} == set(STUDIES)


@pytest.mark.parametrize("name", [*STUDIES, "depth"])
def test_block_is_filled(name: str) -> None:
    found = re.search(rf"<!-- begin {name} -->(.*?)<!-- end {name} -->", NOTE.read_text(), flags=re.DOTALL)
    assert found is not None
    (record,) = re.findall(r"`(benchmarks/records/[^`]*)`", found[1]) or pytest.fail("run 'make docs-note'")
    assert (ROOT / record).is_file()


def test_questions_are_numbered_and_all_sections_are_there() -> None:
    assert [int(head[1:].split(":")[0]) for head in QUESTIONS] == list(range(1, len(QUESTIONS) + 1))
    assert [int(head.split(".")[0]) for head in parts(NOTE, "##") if head[0].isdigit()] == list(SECTIONS)


@pytest.mark.parametrize("head", QUESTIONS)
def test_question_is_quoted_and_answered(head: str) -> None:
    quote = [line for line in QUESTIONS[head].splitlines() if line.startswith(">")]
    answer = [line for line in QUESTIONS[head].splitlines() if line and not line.startswith(">")]
    assert any('"' in line for line in quote)
    assert "](" in "\n".join(answer) or "<!-- begin" in "\n".join(answer)


def test_the_table_of_questions_is_that_of_the_page() -> None:
    rows = re.findall(
        r"^\| \[(Q\d+)\]\(#([^)]*)\) \| (\d+) \| (.*?) \| (.*) \|$", NOTE.read_text(), re.MULTILINE
    )
    assert [f"{number}: {title}" for number, _, _, title, _ in rows] == list(QUESTIONS)
    sections = parts(NOTE, "##")
    for number, anchor, section, title, where in rows:
        assert anchor == slug(f"{number}: {title}")
        (own,) = (text for head, text in sections.items() if head.startswith(f"{section}. "))
        assert f"### {number}: {title}\n" in own
        for target in re.findall(r"\]\(([^)]*)\)", where):
            assert f"]({target})" in QUESTIONS[f"{number}: {title}"], f"{number} does not link {target}"


def test_the_glossary_lists_its_entries() -> None:
    entries = parts(GLOSSARY, "###")
    listed = re.findall(r"\]\(#([^)]*)\)", GLOSSARY.read_text().split("\n## ")[0])
    assert listed == [slug(each) for each in entries]
    for head, text in entries.items():
        assert "](" in text, f"{head}: no link to code or to a page"


def _fields(config: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in config.model_fields.items():
        yield f"{prefix}.{name}"
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _fields(inner, f"{prefix}.{name}")


@of_pages
def test_keys_of_configurations_exist(page: Path) -> None:
    known = {
        *(key for name in FAMILIES for key in _fields(family(name).config_class, "model")),
        *_fields(TrainingConfig, "training"),
        *_fields(NoteRepresentationConfig, "representation"),
        *_fields(PhysicsRepresentationConfig, "representation"),
    }
    for key in re.findall(r"`((?:model|training|representation)\.[a-z0-9_.]+)", page.read_text()):
        assert key in known, key
