"""The half of a sample that trains the classifier and the half that tests it, split by event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.errors import SampleError
from muforge.judge.replicas import events
from muforge.sample import Sample

Rows = NDArray[np.intp]


def halves_by_event(event: NDArray[np.int64], generator: np.random.Generator) -> tuple[Rows, Rows]:
    """Rows of two halves that share no event.

    Events are taken in random order until they hold half of the rows; an event that straddles the middle goes
    to the half that holds most of it.

    Arguments:
        event: Event number of each row, shape (n,).

    Raises:
        SampleError: There are fewer than two events.
    """
    number, index, rows = np.unique(event, return_inverse=True, return_counts=True)
    if len(number) < 2:
        raise SampleError("all muons are of one event; training and test halves by event need at least two")
    order = generator.permutation(len(number))
    middle = np.cumsum(rows[order]) - rows[order] / 2
    taken = int(np.clip(np.searchsorted(middle, len(event) / 2), 1, len(number) - 1))
    first = np.zeros(len(number), np.bool_)
    first[order[:taken]] = True
    return np.flatnonzero(first[index]), np.flatnonzero(~first[index])


def draw_halves(sample: Sample, size: int, generator: np.random.Generator) -> tuple[Sample, Sample]:
    """Two halves of a sample without a common event, each of at most `size` rows drawn without replacement.

    Where the events are not known each row is an event of its own.

    Raises:
        SampleError: All muons are of one event.
    """
    train, test = halves_by_event(events(sample), generator)
    return sample.select(_draw(train, size, generator)), sample.select(_draw(test, size, generator))


def at_most(size: int, sample: Sample, generator: np.random.Generator) -> Sample:
    """The sample, or `size` of its rows drawn without replacement and kept in order."""
    return sample.select(_draw(np.arange(len(sample)), size, generator))


def cut_in_two(sample: Sample, generator: np.random.Generator) -> tuple[Sample, Sample]:
    """All rows in two halves without a common event.

    Raises:
        SampleError: All muons are of one event.
    """
    first, second = halves_by_event(events(sample), generator)
    return sample.select(first), sample.select(second)


def _draw(rows: Rows, size: int, generator: np.random.Generator) -> Rows:
    return rows if len(rows) <= size else np.sort(generator.choice(rows, size, replace=False))
