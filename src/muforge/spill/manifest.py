"""The manifest of a spill of several files: what they are, from what, and their checksums."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from muforge import __version__
from muforge.bundle import Bundle
from muforge.errors import InputFileError
from muforge.files import write_json
from muforge.problem import first_problem
from muforge.spill.plan import Plan
from muforge.spill.request import Request

SCHEMA_VERSION: Literal[1] = 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShardRecord(_Record):
    """One file."""

    file: str = Field(pattern=r"^[^/\x00]+$", description="its name, in the folder of the manifest")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    sidecar_sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="of FILE.json, which stands beside a .npy file"
    )
    counts: dict[int, int] = Field(description="muons by category")


class Muons(_Record):
    """The arguments of `muforge.spill.plan.Plan`."""

    seed: int = Field(ge=0, lt=2**64)
    protons_on_target: float = Field(gt=0, allow_inf_nan=False)
    muons: int = Field(ge=1)
    pairs: bool
    variations: int = Field(ge=0)


class BundleRecord(_Record):
    """The models that it was made from."""

    path: str = Field(description="of the bundle, from the folder of the manifest")
    identity: str = Field(description="checksum of the bundle")


class Production(_Record):
    """A spill in several files."""

    schema_version: Literal[1]
    muforge_version: str
    bundle: BundleRecord
    plan: Muons
    format: str
    device: str | None
    options: dict[str, Any] = Field(description="of the format's writer")
    counts: dict[int, int] = Field(description="muons by category in all files")
    files: tuple[ShardRecord, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _names_are_names(self) -> Self:
        names = [record.file for record in self.files]
        if {"..", "."} & set(names) or len(set(names)) < len(names):
            raise ValueError("files: a name is no file's, or is there twice")
        return self

    @classmethod
    def of(cls, bundle: Bundle, request: Request, records: Sequence[ShardRecord]) -> Self:
        """Of files that are there.

        Arguments:
            bundle, request: What they were made from.
            records: One for each, in order.
        """
        counts: Counter[int] = Counter()
        for record in records:
            counts.update(record.counts)
        return cls(
            schema_version=SCHEMA_VERSION,
            muforge_version=__version__,
            bundle=BundleRecord(
                path=os.path.relpath(bundle.directory.resolve(), request.out.parent.resolve()),
                identity=bundle.identity,
            ),
            plan=Muons(**vars(request.plan)),
            format=request.format,
            device=request.device,
            options=dict(request.options),
            counts=dict(sorted(counts.items())),
            files=tuple(records),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a manifest.

        Raises:
            InputFileError: It is missing, is none, or is damaged.
        """
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise InputFileError(f"{path}: cannot be read ({error.strerror})") from None
        except ValidationError as error:
            raise InputFileError(
                f"{path}: not a manifest of generated files ({first_problem(error)})"
            ) from None
        except ValueError as error:
            raise InputFileError(f"{path}: not a manifest of generated files ({error})") from None

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        write_json(path, self.model_dump(mode="json"))

    def request(self, folder: Path) -> Request:
        """The request that makes the files in a folder.

        Raises:
            InputFileError: The names of the files are not those of a request.
        """
        first = Path(self.files[0].file)
        stem = first.stem.rpartition("_")[0]
        request = Request(
            Plan(**self.plan.model_dump()),
            folder / f"{stem}{first.suffix}",
            len(self.files),
            self.format,
            self.device,
            self.options,
        )
        if [file.name for file in request.files] != [record.file for record in self.files]:
            raise InputFileError(f"{folder}: files named {first.name}, ... are not those of one request")
        return request


def manifest_path(out: Path) -> Path:
    """Where the manifest of shards named after `out` lies: `spill.root.manifest.json` of `spill.root`."""
    return out.with_name(f"{out.name}.manifest.json")
