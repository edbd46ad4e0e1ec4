"""Which of the three it is."""

from __future__ import annotations

from pathlib import Path

from muforge.about.bundle import BundleAbout, about_bundle
from muforge.about.dataset import DatasetAbout, about_dataset
from muforge.about.file import FileAbout, about_file
from muforge.bundle import MANIFEST_NAME as BUNDLE_NAME
from muforge.dataset.manifest import MANIFEST_NAME as DATASET_NAME
from muforge.errors import InputFileError

About = FileAbout | BundleAbout | DatasetAbout


def about(path: str | Path, *, checksum: bool = True) -> About:
    """What there is at `path`.

    Arguments:
        path: A file of any format of muforge, a bundle or a data set.
        checksum: Compute the SHA-256 of a file, which reads all of it.

    Raises:
        InputFileError: There is nothing, or something else, or the file is damaged.
        BundleError: The bundle is damaged.
        DatasetError: The data set is damaged.
    """
    path = Path(path)
    if not path.is_dir():
        return about_file(path, checksum=checksum)
    if (path / BUNDLE_NAME).is_file():
        return about_bundle(path)
    if (path / DATASET_NAME).is_file():
        return about_dataset(path)
    raise InputFileError(
        f"{path}: is a directory with neither {BUNDLE_NAME} nor {DATASET_NAME}; expected a file of muons, a bundle "
        "or a data set"
    )
