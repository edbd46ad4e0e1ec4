"""`muforge export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muforge.bundle import Bundle


class Target(StrEnum):
    cpp = "cpp"
    onnx = "onnx"
    fairship = "fairship"


def export(
    bundle: Annotated[Path, typer.Argument(help="Bundle of trained models, made by 'muforge bundle'.")],
    to: Annotated[
        Target,
        typer.Option(
            "--to",
            help="cpp: one C++17 header that needs nothing else; onnx: a directory of ONNX models; fairship: a "
            "directory with the header and a FairShip generator of background muons.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="File, or directory, to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace it.")] = False,
) -> None:
    """Take a bundle's models to programs that run without Python. The header makes the muons of 'muforge generate'."""
    from muforge.bundle import Bundle
    from muforge.cli.screen import console

    loaded = Bundle.load(bundle)
    written = _write(loaded, to, out, force)
    for file in sorted(written.iterdir()) if written.is_dir() else [written]:
        console.print(f"{file}: {file.stat().st_size / 1e6:.3g} MB", markup=False)
    console.print(_next(to, written), markup=False)


def _next(to: Target, written: Path) -> str:
    """What to do with it."""
    if to is Target.onnx:
        return f"{written / 'manifest.json'} says what goes into the models and what comes out."
    if to is Target.fairship:
        return f"{written / 'README.md'} says how FairShip is built with these files."
    compiled = f"g++ -std=c++17 -O2 -I{written.parent} program.cpp"
    return f'#include "{written.name}": muforge::Spill(seed).next() is a muon. Compile with: {compiled}'


def _write(bundle: Bundle, to: Target, out: Path, force: bool) -> Path:
    if to is Target.onnx:
        from muforge.export.onnx import export_onnx

        return export_onnx(bundle, out, force=force)
    if to is Target.fairship:
        from muforge.export.fairship import export_fairship

        return export_fairship(bundle, out, force=force)
    from muforge.export.cpp import export_cpp

    return export_cpp(bundle, out, force=force)
