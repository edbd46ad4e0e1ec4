"""Search spaces by name. Each is a YAML file beside this one."""

from __future__ import annotations

from pathlib import Path

from muforge.errors import ConfigError

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The search spaces that there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def about(name: str) -> str:
    """What a search space is for: the first line of its file."""
    return _file(name).read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()


def space_file(space: str | Path) -> Path:
    """The file of a search space that is named, or the file itself.

    Raises:
        ConfigError: There is none of this name, and no such file.
    """
    if isinstance(space, str) and space in names():
        return _file(space)
    if not Path(space).is_file():
        raise ConfigError(
            f"{space}: no such file, and no search space of this name; known are {', '.join(names())}"
        )
    return Path(space)


def _file(name: str) -> Path:
    return _FOLDER / f"{name}.yaml"
