"""Reading bytes that may be damaged: one error for all that they can raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muforge.errors import InputFileError, MuforgeError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a library raises over the bytes of `path` into an `InputFileError` that names it."""
    try:
        yield
    except MuforgeError:
        raise
    except Exception as error:
        line = next((line.strip() for line in str(error).splitlines() if line.strip()), "no further word")
        raise InputFileError(
            f"{path}: cannot be read, perhaps damaged ({type(error).__name__}: {line})"
        ) from error


def starts_with(path: Path, magic: bytes) -> bool:
    """Whether the file begins with these bytes."""
    with reading(path), path.open("rb") as file:
        return file.read(len(magic)) == magic
