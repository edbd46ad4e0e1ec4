"""On-disk formats: readers and writers of `Sample`, each found by name or from the file itself."""

from muforge.formats.access import read, write
from muforge.formats.registry import READERS, WRITERS, describe, metadata_of, reader_for, writer_for

__all__ = ["READERS", "WRITERS", "describe", "metadata_of", "read", "reader_for", "write", "writer_for"]
