"""What is asked for: a spill, and the files that it goes into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muforge.bundle import Bundle
from muforge.formats import metadata_of, writer_for
from muforge.formats.atomic_writer import AtomicWriter
from muforge.spill.about import metadata_of_shard, title_of
from muforge.spill.plan import Plan


@dataclass(frozen=True)
class Request:
    """A spill in files. With the bundle it decides every byte of them.

    Arguments:
        plan: The muons.
        out: The file; of several shards, the pattern of their names.
        shards: Number of files.
        format: Their format.
        device: As for `muforge.spill.engine.Engine`.
        options: Of the format's writer.
    """

    plan: Plan
    out: Path
    shards: int
    format: str
    device: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def file(self, shard: int) -> Path:
        """`spill.root`, or that of `spill_000.root`, `spill_001.root`, ..."""
        if self.shards == 1:
            return self.out
        digits = max(3, len(str(self.shards - 1)))
        return self.out.with_name(f"{self.out.stem}_{shard:0{digits}d}{self.out.suffix}")

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [self.file(shard) for shard in range(self.shards)]

    def chunks(self, shard: int) -> range:
        """The chunks that make a shard."""
        return self.plan.chunks_of_shard(shard, self.shards)

    def rows(self, shards: Iterable[int]) -> int:
        """Muons drawn for these shards."""
        return sum(self.plan.rows(chunk) for shard in shards for chunk in self.chunks(shard))

    def metadata(self, bundle: Bundle, shard: int) -> dict[str, Any]:
        """What a shard says of itself."""
        return metadata_of_shard(bundle, self.plan, shard, self.shards, self.format, self.options)

    def has(self, bundle: Bundle, shard: int, file: Path) -> bool:
        """Whether a file is this shard, finished."""
        return file.is_file() and metadata_of(file) == self.metadata(bundle, shard)

    def writer(self, bundle: Bundle, shard: int, file: Path, *, force: bool) -> AtomicWriter:
        """What writes a shard."""
        return writer_for(self.format)(
            file,
            force=force,
            metadata=self.metadata(bundle, shard),
            title=title_of(bundle, self.plan),
            **self.options,
        )
