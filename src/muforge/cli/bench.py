"""`muforge bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muforge.bench.run import Benchmark


def bench(
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle", help="Bundle whose muons are made. Default: the packaged one of the quickstart."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Directory for bench.json and bench.png; files are tried out in it.")
    ] = Path("bench"),
    muons: Annotated[float, typer.Option("--muons", help="Muons that the engine makes in each turn.")] = 2e7,
    turns: Annotated[
        int, typer.Option("--turns", help="Turns of each contestant, after one to warm up.")
    ] = 3,
    threads: Annotated[
        int | None, typer.Option("--threads", help="Of the engine. Default: one per processor.")
    ] = None,
) -> None:
    """Measure what generating costs on this machine, everything side by side in one run.

    The reference simulation, the 2018 note's generator (through Keras where it is installed), this bundle through
    PyTorch, ONNX Runtime and C++, the compiled engine without a file and into each format, and the limits of the disk
    and of matrix products. Takes a few minutes, and 70 bytes of disk for each muon.
    """
    import os

    from muforge.bench.run import benchmark
    from muforge.bundle import Bundle
    from muforge.cli.screen import console, progress_bar
    from muforge.cli.size import whole_number
    from muforge.files import check_output_directory, write_json
    from muforge.memory import keep_freed_memory
    from muforge.quickstart.tour import PACKAGED_BUNDLE
    from muforge.report.bench import bar_chart
    from muforge.report.save import save

    keep_freed_memory()
    number = whole_number(muons, "--muons")
    loaded = Bundle.load(bundle or PACKAGED_BUNDLE)
    check_output_directory(out)
    out.mkdir(exist_ok=True)
    with progress_bar() as bar:
        task = bar.add_task("warming up", total=None)
        result = benchmark(
            loaded,
            folder=out,
            muons=number,
            turns=turns,
            threads=threads or os.cpu_count() or 1,
            progress=lambda name, done, total: bar.update(
                task, description=name, completed=done, total=total, refresh=True
            ),
        )
    write_json(out / "bench.json", result.to_dict())
    save(bar_chart(result), out / "bench.png")
    _show(result)
    console.print(f"wrote {out / 'bench.json'} and {out / 'bench.png'}", markup=False)


def _show(result: Benchmark) -> None:
    from muforge.bench.engine import FAVOURITE
    from muforge.bench.run import groups
    from muforge.cli.screen import console, table

    for group, several in groups(result.results).items():
        rows = [
            (each.name, f"{each.rate:,.0f} {each.unit}/s", _times(each.favourite_over)) for each in several
        ]
        console.print(table(group, ("", "rate", f"{FAVOURITE} over it"), rows))
    console.print(
        f"'muforge generate' of a thousand muons takes {result.start_seconds:.2f} s from start to end"
    )
    for name, remedy in result.missing.items():
        console.print(f"{name} took no part: {remedy}", markup=False)


def _times(ratio: dict[str, float] | None) -> str:
    return "" if ratio is None else f"{ratio['median']:.3g} ({ratio['min']:.3g} to {ratio['max']:.3g})"
