"""`study`: a question asked of a data set, answered in a directory of results, figures and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, OutputError
from muforge.files import atomic, check_output_directory, write_json
from muforge.problem import first_problem
from muforge.studies import STUDIES, study_module
from muforge.studies.protocol import Place, Study, StudyConfig, StudyProgress
from muforge.yaml_file import mapping_in

CONFIG_NAME = "study.yaml"
RESULT_NAME = "result.json"
FIGURES_NAME = "figures"
PAGE_NAME = "page.html"


def study(
    name: str,
    dataset: str | Path,
    out: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    large: bool = False,
    jobs: int = 1,
    progress: StudyProgress = lambda what, done, total, numbers: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Study:
    """Run a study and write `result.json`, `figures/` and `page.html`; trainings that are there are not made again.

    Arguments:
        name: One of `muforge.studies.STUDIES`.
        dataset: Made by `ingest`.
        out: Directory of the study; it may hold the same study, interrupted.
        options: Values that go over the study's configuration.
        large: Take the configuration for a GPU.
        jobs: Processes.
        progress: Called as it goes on.
        should_stop: Asked all the time; True raises `Interrupted`.

    Raises:
        ConfigError: No such study, or an option is not valid.
        OutputError: `out` holds something else, or another configuration of the study, or cannot be written.
        MuforgeError: What trainings and tests raise.
    """
    config = study_config(name, options or {}, large=large)
    directory = Path(out)
    data = Dataset.open(dataset)
    _begin(directory, name, config)
    place = Place(data, directory, jobs, progress, should_stop)
    found: Study = study_module(name).run(place, config)
    write_json(directory / RESULT_NAME, {"study": name, "config": _plain(config), **found.to_dict()})
    _draw(name, found, directory)
    return found


def study_config(name: str, options: Mapping[str, Any], *, large: bool = False) -> StudyConfig:
    """The configuration of a study with some values replaced; raises `ConfigError` naming the first wrong one."""
    module = study_module(name)
    base = module.LARGE.model_dump() if large else {}
    try:
        config: StudyConfig = module.Config.model_validate({**base, **options})
    except ValidationError as error:
        raise ConfigError(f"study '{name}': {first_problem(error)}") from None
    return config


def options_from(path: Path) -> dict[str, Any]:
    """The options in a YAML file; raises `ConfigError` if it cannot be read as such."""
    content = mapping_in(path, "options of a study")
    content.pop("study", None)
    return content


def _plain(config: StudyConfig) -> dict[str, Any]:
    return config.model_dump(mode="json")


def _begin(directory: Path, name: str, config: StudyConfig) -> None:
    """Make the directory, or see that it is of the same study."""
    check_output_directory(directory)
    path, text = directory / CONFIG_NAME, yaml.safe_dump({"study": name, **_plain(config)}, sort_keys=False)
    if directory.exists() and any(directory.iterdir()):
        if not path.is_file():
            raise OutputError(f"{directory}: holds other files than a study's; choose another name")
        if path.read_text(encoding="utf-8") != text:
            raise OutputError(f"{directory}: holds a study with other options; choose another name")
    directory.mkdir(exist_ok=True)
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _draw(name: str, found: Study, directory: Path) -> None:
    from muforge import report
    from muforge.report.study import study_figures, write_study_page

    figures = study_figures(name, found.details)
    folder = directory / FIGURES_NAME
    folder.mkdir(exist_ok=True)
    for each in figures:
        report.save(each.figure, folder / f"{each.name}.png")
    write_study_page(
        name,
        STUDIES[name],
        found,
        figures,
        (directory / CONFIG_NAME).read_text(encoding="utf-8"),
        directory / PAGE_NAME,
    )
