"""The chunks of a spill in order, made in this process or in several."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from pathlib import Path

from muforge.bundle import Bundle
from muforge.processes import Workers, result_of
from muforge.sample import Sample
from muforge.spill.chunk import make_chunk
from muforge.spill.plan import Plan

_AHEAD_PER_JOB = 2


def stream_chunks(bundle: Bundle, plan: Plan, chunks: Sequence[int], *, jobs: int) -> Generator[Sample]:
    """Yield the chunks in the order given, made at most a few ahead of the consumer.

    Raises:
        MuforgeError: A worker process died.
    """
    jobs = min(jobs, len(chunks))
    if jobs <= 1:
        for chunk in chunks:
            yield make_chunk(bundle, plan, chunk)
        return
    with Workers(jobs, _start, bundle.directory, plan) as workers:
        waiting: deque[Future[Sample]] = deque()
        for number in range(len(chunks)):
            while len(waiting) < _AHEAD_PER_JOB * jobs and number + len(waiting) < len(chunks):
                waiting.append(workers.submit(_make, chunks[number + len(waiting)]))
            yield result_of(waiting.popleft(), "muons were generated")


_work: tuple[Bundle, Plan] | None = None


def _start(directory: Path, plan: Plan) -> None:
    global _work  # noqa: PLW0603 - what a pool's workers share between calls can only live here
    _work = (Bundle.load(directory), plan)


def _make(chunk: int) -> Sample:
    assert _work is not None
    return make_chunk(*_work, chunk)
