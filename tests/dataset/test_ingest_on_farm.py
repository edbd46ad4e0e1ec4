"""Files read by a farm: the data set of one process, whatever happens to the workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from muforge.dataset import ingest as ingest_module
from muforge.dataset import workers
from muforge.dataset.ingest import ingest
from muforge.errors import FarmError, InputFileError, NoSpaceError
from muforge.farm import Failed, Farm
from tests.dataset import scanning
from tests.dataset.production import write_flat
from tests.farm.borrowed import farm, lending

__all__ = ["farm"]

FILES = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("production")
    for number in range(FILES):
        write_flat(folder / f"prod_{number}.root", 400 + 4 * number, seed=number)
    return folder


@pytest.fixture
def files(folder: Path) -> list[Path]:
    return [folder / f"prod_{number}.root" for number in range(FILES)]


@pytest.fixture
def borrowed(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """A farm that is open already."""
    monkeypatch.setattr(ingest_module, "open_farm", lending(farm))
    return farm


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def serial(files: list[Path], out: Path, **more: Any) -> dict[str, bytes]:
    """The data set of one process, by name of its files."""
    ingest(files, out, jobs=1, **more)
    return contents(out)


def test_the_data_set_is_that_of_one_process(files: list[Path], tmp_path: Path) -> None:
    """A real farm, opened and closed; all others here are borrowed."""
    seen: list[workers.Progress] = []
    farms: list[int] = []
    result = ingest(
        files,
        tmp_path / "there",
        farm="local:2",
        progress=seen.append,
        on_farm=lambda farm: farms.append(farm.workers),
    )
    assert contents(tmp_path / "there") == serial(files, tmp_path / "here")
    assert result.complete
    assert (result.files_read, result.muons_read) == (FILES, 400 + 404 + 408 + 412)
    assert farms == [2]
    assert [state.files_done for state in seen] == [1, 2, 3, 4]
    assert seen[-1] == workers.Progress(FILES, FILES, 400 + 404 + 408 + 412)
    again = ingest(files, tmp_path / "there", farm="local:2", on_farm=lambda farm: pytest.fail("needs none"))
    assert again.files_read == 0


def test_files_are_added_and_names_stay_relative(
    borrowed: Farm, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files[0].parent)
    names = [Path(file.name) for file in files]
    for out, where in {"here": None, "there": "local"}.items():
        ingest(names[:2], tmp_path / out, farm=where)
        assert ingest(names, tmp_path / out, farm=where).files_read == 2
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert contents(tmp_path / "there") == serial(names, tmp_path / "at-once")


def test_damaged_files_among_good_ones(borrowed: Farm, files: list[Path], tmp_path: Path) -> None:
    bad = [tmp_path / name for name in ("empty.root", "text.root", "cut.root", "absent.root")]
    bad[0].write_bytes(b"")
    bad[1].write_text("not a tree")
    bad[2].write_bytes(files[0].read_bytes()[:1000])
    mixed = [bad[0], files[0], bad[1], files[1], bad[2], bad[3], files[2]]
    told: list[str] = []
    result = ingest(mixed, tmp_path / "there", farm="local", on_failure=lambda name, _: told.append(name))
    assert contents(tmp_path / "there") == serial(mixed, tmp_path / "here")
    assert {Path(fault.path).name for fault in result.faults} == {path.name for path in bad}
    assert told == []


def test_strict_stops_at_the_first_damaged_file(borrowed: Farm, files: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.root"
    bad.write_text("not a tree")
    with pytest.raises(InputFileError, match=r"bad\.root: not a ROOT or Parquet file"):
        ingest([*files[:2], bad, *files[2:]], tmp_path / "ds", farm="local", strict=True)
    assert not (tmp_path / "ds" / "dataset.json").exists()
    result = ingest([*files[:2], *files[2:]], tmp_path / "ds", farm="local", strict=True)
    assert result.complete
    assert contents(tmp_path / "ds") == serial(files, tmp_path / "here", strict=True)


def test_the_target_stops_the_reading(borrowed: Farm, files: list[Path], tmp_path: Path) -> None:
    result = ingest(files, tmp_path / "there", target=150, farm="local")
    assert result.dataset.manifest.not_needed == tuple(map(str, files[2:]))
    assert contents(tmp_path / "there") == serial(files, tmp_path / "here", target=150)


def test_a_killed_worker_costs_its_file_only(
    borrowed: Farm, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "scan_one", scanning.dying)
    assert ingest(files, tmp_path / "there", farm="local").complete
    assert (tmp_path / "killed").exists()
    assert contents(tmp_path / "there") == serial(files, tmp_path / "here")


def test_a_file_that_fails_three_times_is_left_out_and_read_the_next_time(
    borrowed: Farm, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Failed[Any]]] = []
    with monkeypatch.context() as patch:
        patch.setattr(workers, "scan_one", scanning.failing)
        result = ingest(
            files, tmp_path / "there", farm="local", on_failure=lambda *failure: told.append(failure)
        )
    (fault,) = result.faults
    assert (fault.path, fault.reason) == (str(files[1]), "failed three times: MemoryError: too large")
    ((name, failed),) = told
    assert name == str(files[1])
    assert 'raise MemoryError("too large")' in failed.traceback
    assert result.files_read == FILES - 1
    again = ingest(files, tmp_path / "there", farm="local")
    assert again.complete
    assert again.files_read == 1
    assert {c: r.kept.muons for c, r in again.dataset.manifest.categories.items()} == {
        c: r.kept.muons for c, r in ingest(files, tmp_path / "here").dataset.manifest.categories.items()
    }


def test_a_full_disk_ends_it_and_the_same_command_goes_on(
    borrowed: Farm, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(workers, "scan_one", scanning.on_a_full_disk)
        with pytest.raises(NoSpaceError, match="no space left on the disk"):
            ingest(files, tmp_path / "there", farm="local")
    assert not (tmp_path / "there" / "dataset.json").exists()
    ingest(files, tmp_path / "there", farm="local")
    assert contents(tmp_path / "there") == serial(files, tmp_path / "here")


def test_a_category_that_cannot_be_written(
    borrowed: Farm, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(*arguments: Any, **more: Any) -> Any:
        (tmp_path / "there" / ".staging" / "category-3.parquet").mkdir()
        yield from workers.scan_on_farm(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module, "scan_on_farm", spoilt)
        with pytest.raises(
            FarmError,
            match=r"^category 3: cannot be written, failed three times: .*; files that were read are kept",
        ):
            ingest(files, tmp_path / "there", farm="local")
    (tmp_path / "there" / ".staging" / "category-3.parquet").rmdir()
    assert ingest(files, tmp_path / "there", farm="local").complete
    assert contents(tmp_path / "there") == serial(files, tmp_path / "here")
