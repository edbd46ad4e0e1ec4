from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from muforge import report
from muforge.errors import OutputError
from tests.judge.toy import toy

SIGNATURES = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def figure() -> Figure:
    return report.one_dimensional(toy(200, 1), toy(200, 2), ["px", "pz"], title="Category 4")


@pytest.mark.parametrize("kind", SIGNATURES)
def test_equal_figures_give_equal_bytes(tmp_path: Path, kind: str) -> None:
    paths = [tmp_path / f"{number}.{kind}" for number in range(2)]
    for path in paths:
        report.save(figure(), path)

    first, second = (path.read_bytes() for path in paths)
    assert first.startswith(SIGNATURES[kind])
    assert first == second
    assert sorted(tmp_path.iterdir()) == paths


def test_saving_one_figure_twice_gives_equal_bytes(tmp_path: Path) -> None:
    one = figure()
    for name in ("a.png", "b.PNG"):
        report.save(one, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.PNG").read_bytes()


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "progress.png"
    path.write_bytes(b"old")
    report.save(figure(), path)
    assert path.read_bytes().startswith(SIGNATURES["png"])


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"old")
    broken = figure()
    broken.axes[0].set_xlabel("$\\no_such_macro$")

    with pytest.raises(ValueError, match="no_such_macro"):
        report.save(broken, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_suffix_and_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"plot\.jpeg: figures are written as png, pdf, svg, not '\.jpeg'"):
        report.save(figure(), tmp_path / "plot.jpeg")
    with pytest.raises(OutputError, match=r"absent/plot\.png: cannot be written"):
        report.save(figure(), tmp_path / "absent" / "plot.png")


def test_the_picture_is_not_blank(tmp_path: Path) -> None:
    from matplotlib.image import imread

    report.save(figure(), tmp_path / "plot.png")
    assert len(np.unique(imread(tmp_path / "plot.png").reshape(-1, 4), axis=0)) > 20
