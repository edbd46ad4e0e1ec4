"""Optuna's study of a scan: in SQLite for workers of this machine, in a journal for those of others.

SQLite needs locks that network file systems may not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muforge.errors import ConfigError, OutputError
from muforge.scanning.directory import DATABASE_NAME, JOURNAL_NAME
from muforge.scanning.space import PrunerName

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.storages import BaseStorage

STUDY_NAME = "scan"
_SECONDS_FOR_A_LOCK = 60


@dataclass(frozen=True)
class Pruning:
    """Who stops trials, by their judgements.

    Arguments:
        name: Of the pruner.
        first, last: Training steps of the first judgement and of the whole trial.
    """

    name: PrunerName
    first: int
    last: int

    def pruner(self) -> BasePruner:
        """Optuna's."""
        from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

        if self.name == "hyperband":
            return HyperbandPruner(min_resource=max(1, self.first), max_resource=max(self.first, self.last))
        return MedianPruner() if self.name == "median" else NopPruner()


def quiet_optuna() -> Any:
    """Optuna, without its messages of every trial; raises `ConfigError` if it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(f"a scan needs Optuna ({error.name}); pip install 'muforge[farm]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def begin_storage(scan: Path, *, local: bool) -> None:
    """Make the storage of a scan, or see that its workers can use the one that is there.

    Arguments:
        scan: Directory of the scan.
        local: Whether all workers are on this machine.

    Raises:
        ConfigError: The scan is in SQLite, and workers are on other machines.
    """
    if (scan / JOURNAL_NAME).exists():
        return
    if local:
        _database(scan / DATABASE_NAME)
    elif (scan / DATABASE_NAME).exists():
        raise ConfigError(
            f"{scan / DATABASE_NAME}: SQLite, which workers on other machines cannot share; go on with --farm local, "
            "or choose another directory"
        )
    else:
        (scan / JOURNAL_NAME).touch()


def open_storage(scan: Path) -> BaseStorage:
    """The storage of a scan that was begun; raises `OutputError` if it is damaged."""
    if (scan / DATABASE_NAME).exists():
        return _database(scan / DATABASE_NAME)
    return _journal(scan / JOURNAL_NAME)


def _database(path: Path) -> BaseStorage:
    quiet_optuna()
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage
    from sqlalchemy import NullPool
    from sqlalchemy.exc import SQLAlchemyError

    waiting = {"connect_args": {"timeout": _SECONDS_FOR_A_LOCK}, "poolclass": NullPool}
    try:
        return RDBStorage(f"sqlite:///{path}", engine_kwargs=waiting)
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise OutputError(
            f"{path}: damaged, or cannot be written ({str(error).partition(chr(10))[0]})"
        ) from error


def _journal(path: Path) -> BaseStorage:
    quiet_optuna()
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path}: damaged ({' '.join(str(error).split())})") from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def open_study(storage: BaseStorage, pruning: Pruning) -> Study:
    """The study in a storage, which is made if it is not there."""
    import optuna

    sampler, pruner = optuna.samplers.RandomSampler(seed=0), pruning.pruner()
    try:
        return optuna.load_study(study_name=STUDY_NAME, storage=storage, sampler=sampler, pruner=pruner)
    except KeyError:
        return optuna.create_study(study_name=STUDY_NAME, storage=storage, sampler=sampler, pruner=pruner)


def trial_id(storage: BaseStorage, number: int) -> int:
    """What a trial is called in its storage."""
    return storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(STUDY_NAME), number)
