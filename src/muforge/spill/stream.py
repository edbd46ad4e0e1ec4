"""The chunks of a spill in order, made by several threads ahead of whoever takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from muforge.bundle import Bundle
from muforge.sample import Sample
from muforge.spill.chunk import make_chunk
from muforge.spill.engine import Engine
from muforge.spill.plan import Plan

_AHEAD = 24
"""Chunks that are made ahead, besides those that threads are at: more than a basket, while whose writing they go on."""


def stream_chunks(
    bundle: Bundle, engine: Engine, plan: Plan, chunks: Sequence[int], *, threads: int
) -> Generator[Sample]:
    """Yield the chunks in the order given, made at most a few ahead of the consumer.

    The consumer's own thread makes none: while it writes, the others generate.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="generate")
    waiting: deque[Future[Sample]] = deque()
    try:
        for number in range(len(chunks)):
            while len(waiting) < _AHEAD + threads and number + len(waiting) < len(chunks):
                waiting.append(pool.submit(make_chunk, bundle, engine, plan, chunks[number + len(waiting)]))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
