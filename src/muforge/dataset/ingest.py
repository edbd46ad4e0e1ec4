"""Production files into a data set: read once, in parallel, bounded in memory, and resumed where it stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from muforge.dataset.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    CategoryRecord,
    Fault,
    FileIdentity,
    FileRecord,
    Manifest,
    ProtonsOnTarget,
    Settings,
)
from muforge.dataset.merge import MergeTask, Source, common_columns, merge_category
from muforge.dataset.scan import staged_record
from muforge.dataset.store import Dataset
from muforge.dataset.workers import Outcome, Progress, scan_all, scan_on_farm
from muforge.errors import DatasetError, FarmError, InputFileError, Interrupted, OutputError
from muforge.farm import Done, Failed, Farm, open_farm
from muforge.files import check_output_directory, discard, write_json
from muforge.sample import CATEGORIES

SPILL_2018 = 5e13
"""Protons on target in one SHiP spill, for which the 2018 production's weights are made (FairShip, 2018)."""

IMPLAUSIBLE_RATE = 0.1
"""Muons per proton above which weights and protons cannot belong together: a beam dump makes of the order of
1e-3 above 10 GeV. Productions whose weights are per spill can still state the protons that were simulated."""

_STAGING_NAME = ".staging"


@dataclass(frozen=True)
class Ingestion:
    """The outcome of `ingest`."""

    dataset: Dataset
    files_read: int
    """Files of the data set that were read in this run; its others were finished before."""
    muons_read: int
    """Muons in those files."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.dataset.manifest.faults

    @property
    def faulty_rows(self) -> int:
        return sum(record.faulty_rows for record in self.dataset.manifest.files)

    @property
    def complete(self) -> bool:
        """True if no file and no row was left out for damage."""
        return not self.faults and self.faulty_rows == 0


def ingest(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    target: int | None = None,
    blacklist: Sequence[str] = (),
    protons_on_target: float | None = None,
    seed: int = 0,
    jobs: int | None = None,
    strict: bool = False,
    force: bool = False,
    farm: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    on_farm: Callable[[Farm], None] = lambda farm: None,
    on_failure: Callable[[str, Failed[Any]], None] = lambda name, failed: None,
) -> Ingestion:
    """Make a data set from production files, or bring one up to date.

    Files finished in an earlier run are not read again. A damaged file is named in the result and the
    rest goes on; rows that are damaged likewise.

    Arguments:
        files: `cbmsim`, flat `pythia8-Geant4` or Parquet files.
        out: The directory of the data set.
        target: Stop reading once every category has this many muons, and keep at most this many of each
            (the note's 1.8 million); None reads all.
        blacklist: Shell patterns; files whose name or path matches are left out.
        protons_on_target: What the weights of all `files` together stand for; None takes it from the files,
            or one SHiP spill of 5e13.
        seed: Of the split by event.
        jobs: Processes; None takes one per processor.
        strict: Stop at the first damaged file or row.
        force: Make the data set anew, even if `out` holds one of other files or settings.
        farm: Read each file on a worker of this farm, as `muforge.farm.open_farm` takes it, instead of `jobs`.
        progress: Called now and then.
        on_farm: Called with the farm when its workers are there.
        on_failure: Called with the name of a file that failed three times on the farm, and how.

    Raises:
        InputFileError: No file can be used, or `strict` and one is damaged.
        DatasetError: `out` holds a data set of other files or settings, or protons on target are ambiguous.
        OutputError: `out` is a file, holds something else, or the disk is full.
        FarmError: As `open_farm`, or a category could not be written three times.
        Interrupted: SIGINT; finished files are kept.
    """
    directory = Path(out).absolute() if farm is not None else Path(out)
    settings = Settings(
        target=target, seed=seed, protons_on_target=protons_on_target, blacklist=tuple(blacklist)
    )
    paths, blacklisted = _select(files, blacklist)
    previous = _previous(directory, settings, paths, force=force)
    staging = directory / _STAGING_NAME
    if force:
        discard(staging)
    try:
        directory.mkdir(exist_ok=True)
        staging.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{directory}: cannot be written ({error.strerror})") from error
    known, fresh = _known(paths, previous, directory, staging)
    processors = jobs or os.cpu_count() or 1
    try:
        with ExitStack() as stack:
            workers = None
            if farm is not None and fresh:
                workers = stack.enter_context(_opened(farm, fresh, staging))
                on_farm(workers)
            scanning = (
                scan_all(fresh, staging, jobs=processors, progress=progress)
                if workers is None
                else scan_on_farm(fresh, staging, workers, progress=progress, on_failure=on_failure)
            )
            stack.callback(scanning.close)
            used, faults, not_needed = _read(paths, known, scanning, target, strict)
            scanning.close()
            manifest = _manifest(used, faults, not_needed, blacklisted, settings)
            if previous is None or not _same(previous, manifest):
                _write(directory, staging, used, manifest, processors, workers)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; finished files are kept in {directory}, run the same command to go on"
        ) from None
    discard(staging)
    new = {str(path) for path in fresh}
    read = [source.record for source in used if source.record.identity.path in new]
    muons = sum(content.muons for record in read for content in record.categories.values())
    dataset = Dataset.open(directory)
    return Ingestion(dataset, len(read), muons, _warnings(dataset.manifest))


def _select(files: Sequence[str | Path], blacklist: Iterable[str]) -> tuple[list[Path], list[str]]:
    patterns = tuple(blacklist)
    paths: dict[Path, Path] = {}
    left_out: list[str] = []
    for path in map(Path, files):
        if any(fnmatch(path.name, pattern) or fnmatch(str(path), pattern) for pattern in patterns):
            left_out.append(str(path))
            continue
        if path.resolve() in paths:
            raise InputFileError(f"{path}: given twice")
        paths[path.resolve()] = path
    if not paths:
        raise InputFileError(
            f"no files to read: all {len(left_out)} are on the blacklist" if left_out else "no files to read"
        )
    return list(paths.values()), left_out


def _previous(directory: Path, settings: Settings, paths: Sequence[Path], *, force: bool) -> Manifest | None:
    check_output_directory(directory)
    if not directory.exists() or not any(directory.iterdir()):
        return None
    if not (directory / MANIFEST_NAME).is_file():
        if not (directory / _STAGING_NAME).is_dir():
            raise OutputError(f"{directory}: exists and is not a data set; choose another name")
        return None
    if force:
        return None
    manifest = Manifest.load(directory)
    if manifest.settings != settings:
        changed = next(
            name
            for name in Settings.model_fields
            if getattr(manifest.settings, name) != getattr(settings, name)
        )
        raise DatasetError(
            f"{directory}: holds a data set made with {changed} = {getattr(manifest.settings, changed)}, "
            f"now {getattr(settings, changed)}; choose another name or give --force"
        )
    asked = {str(path) for path in paths}
    for name in (*(r.identity.path for r in manifest.files), *manifest.not_needed):
        if name not in asked:
            raise DatasetError(
                f"{directory}: holds muons of {name}, which is not among the files given; "
                "choose another name or give --force"
            )
    return manifest


def _known(
    paths: Sequence[Path], previous: Manifest | None, directory: Path, staging: Path
) -> tuple[dict[Path, Source], list[Path]]:
    """The files that need not be read again, and those that must be."""
    whole = _reusable(previous, paths) if previous else {}
    known: dict[Path, Source] = {}
    for path in paths:
        if not path.is_file():
            continue
        identity = FileIdentity.of(path)
        if previous is not None and identity in whole:
            number = whole[identity]
            known[path] = Source(previous.files[number], (directory, previous, number))
        elif (record := staged_record(staging, identity)) is not None:
            known[path] = Source(record, None)
    return known, [path for path in paths if path not in known]


def _reusable(manifest: Manifest, paths: Sequence[Path]) -> dict[FileIdentity, int]:
    """Files whose muons can be taken from the data set: all of them are in it, or it is full and stays as it is."""
    numbers = {record.identity: number for number, record in enumerate(manifest.files)}
    categories = manifest.categories.values()
    if all(category.kept.muons == category.read.muons for category in categories):
        return numbers
    faulty = {fault.path for fault in manifest.faults}
    in_order = [str(path) for path in paths if str(path) not in faulty][: len(numbers)]
    same_order = in_order == [identity.path for identity in numbers]
    full = all(category.kept.muons == manifest.settings.target for category in categories)
    return numbers if full and same_order else {}


def _read(
    paths: Sequence[Path],
    known: dict[Path, Source],
    scanning: Iterator[Outcome],
    target: int | None,
    strict: bool,
) -> tuple[list[Source], list[Fault], list[str]]:
    """Records in the order of `paths`, up to the file with which every category reaches the target."""
    used: list[Source] = []
    faults: list[Fault] = []
    checksums: dict[str, str] = {}
    counts = dict.fromkeys(CATEGORIES, 0)
    for number, path in enumerate(paths):
        if target is not None and min(counts.values()) >= target:
            return used, faults, [str(path) for path in paths[number:]]
        outcome = known[path] if path in known else next(scanning)[1]
        if isinstance(outcome, FileRecord):
            outcome = Source(outcome, None)
        if isinstance(outcome, Source) and outcome.record.sha256 in checksums:
            twin = checksums[outcome.record.sha256]
            outcome = Fault(path=str(path), reason=f"the same content as {twin}; counted once")
        if isinstance(outcome, Fault):
            if strict:
                raise InputFileError(f"{outcome.path}: {outcome.reason}")
            faults.append(outcome)
            continue
        if strict and outcome.record.faulty_rows:
            bad = next(r for r in outcome.record.rejected if r.fault)
            raise InputFileError(
                f"{path}: {bad.reason} in {bad.rows} rows, first at entry {bad.first_entries[0]}"
            )
        checksums[outcome.record.sha256] = str(path)
        used.append(outcome)
        for category, content in outcome.record.categories.items():
            counts[category] += content.muons
    if not used:
        named = "; ".join(f"{fault.path}: {fault.reason}" for fault in faults)
        raise InputFileError(f"no file could be used: {named}")
    return used, faults, []


def _manifest(
    used: Sequence[Source],
    faults: Sequence[Fault],
    not_needed: Sequence[str],
    blacklisted: Sequence[str],
    settings: Settings,
) -> Manifest:
    """The manifest without its categories, which `_write` fills in."""
    from muforge import __version__

    records = [source.record for source in used]
    files_in_all = len(used) + len(faults) + len(not_needed)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        muforge_version=__version__,
        settings=settings,
        protons_on_target=_protons_on_target(records, settings.protons_on_target, files_in_all),
        largest_weight=max(
            content.ranges["weight"].maximum
            for record in records
            for content in record.categories.values()
            if content.muons
        ),
        events_known=all(record.events_known for record in records),
        ecut=max((record.ecut for record in records if record.ecut is not None), default=None),
        columns=common_columns(records),
        categories={},
        files=tuple(records),
        not_needed=tuple(not_needed),
        faults=tuple(faults),
        blacklisted=tuple(blacklisted),
    )


def _protons_on_target(
    records: Sequence[FileRecord], given: float | None, files_in_all: int
) -> ProtonsOnTarget:
    """Files that state no number of protons share what is given, or one spill, in equal parts."""
    share = len(records) / files_in_all
    if given is not None:
        return ProtonsOnTarget(value=given * share, source="given")
    silent = [record for record in records if record.protons_on_target is None]
    if not silent:
        total = sum(record.protons_on_target or 0.0 for record in records)
        return ProtonsOnTarget(value=total, source="stated by the files")
    if len(silent) < len(records):
        raise DatasetError(
            f"{silent[0].identity.path}: does not state its protons on target, other files do; give --pot"
        )
    return ProtonsOnTarget(value=SPILL_2018 * share, source="assumed: one SHiP spill")


def _same(previous: Manifest, new: Manifest) -> bool:
    """True if the files on disk already hold what `new` describes; only the list of faults may differ."""
    return previous.model_copy(update={"categories": {}}) == new


def _write(
    directory: Path,
    staging: Path,
    used: Sequence[Source],
    manifest: Manifest,
    threads: int,
    farm: Farm | None,
) -> None:
    tasks = [
        MergeTask(
            category,
            tuple(used),
            staging,
            manifest.settings.target,
            manifest.largest_weight,
            manifest.settings.seed,
        )
        for category in CATEGORIES
    ]
    if farm is None:
        with ThreadPoolExecutor(threads) as pool:
            categories = dict(zip(CATEGORIES, pool.map(merge_category, tasks), strict=True))
    else:
        categories = _merged_on(farm, tasks)
    discard(directory / MANIFEST_NAME)
    for task in tasks:
        task.out.replace(directory / task.out.name)
    complete = manifest.model_copy(update={"categories": categories})
    write_json(directory / MANIFEST_NAME, complete.model_dump(mode="json"))


def _merged_on(farm: Farm, tasks: Sequence[MergeTask]) -> dict[int, CategoryRecord]:
    records = {}
    for outcome in farm.run(merge_category, tasks):
        if not isinstance(outcome, Done):
            raise FarmError(
                f"category {outcome.task.category}: cannot be written, failed three times: {outcome.reason}; "
                "files that were read are kept, the same command goes on"
            )
        records[outcome.task.category] = outcome.value
    return {category: records[category] for category in CATEGORIES}


def _opened(farm: str, files: Sequence[Path], staging: Path) -> AbstractContextManager[Farm]:
    folders = tuple(dict.fromkeys(file.parent for file in files if file.is_file()))
    return open_farm(farm, tasks=max(len(files), len(CATEGORIES)), shared=[staging], read=folders)


def _warnings(manifest: Manifest) -> tuple[str, ...]:
    found = []
    pot = manifest.protons_on_target
    if pot.source.startswith("assumed"):
        found.append(
            f"the files do not state their protons on target: one SHiP spill, {SPILL_2018:.0e}, is shared "
            f"equally among them; give --pot if that is wrong"
        )
    rate = sum(record.read.sum_of_weights for record in manifest.categories.values()) / pot.value
    if rate > IMPLAUSIBLE_RATE:
        found.append(
            f"{rate:.2g} muons per proton on target ({pot.value:.3g}, {pot.source}) are far too many: "
            "the weights seem to stand for another number of protons, give --pot"
        )
    if not manifest.events_known:
        found.append("some files have no event numbers: each of their muons counts as an event of its own")
    found.extend(
        f"category {number}: no muons"
        for number, category in manifest.categories.items()
        if category.kept.muons == 0
    )
    return tuple(found)
