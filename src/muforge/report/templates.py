"""The pages' templates: text is escaped by the engine, a missing value is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from muforge import __version__
from muforge.files import atomic


def write(template: str, path: Path, **values: Any) -> None:
    """Fill a template and write the page, whole or not at all.

    Raises:
        OutputError: The page cannot be written.
    """
    loader = PackageLoader("muforge.report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template(template).render(version=__version__, **values)
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")
