"""Muons of a bundle by their numbers: which category each of them is of, and its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.engine.kernel import choose, muons
from muforge.engine.lanes import LANES
from muforge.engine.program import Program, program, why_not
from muforge.errors import BundleError, MuforgeError
from muforge.rng import Purpose, stream
from muforge.sample import OFF_AXIS_FEATURES, features

if TYPE_CHECKING:
    from muforge.spill.on_device import OnDevice


class Engine:
    """Makes muons of a seed, each from its number alone.

    Flows on the physical representation run compiled, in float32. Models of other families run through torch, chunk by
    chunk, from the random stream of their chunk.

    Arguments:
        bundle: Its models.
        seed: The user's, 0 <= seed < 2**64.
        device: Where PyTorch runs what would run compiled, such as "cuda"; None is the compiled engine.

    Raises:
        ConfigError: There is no such device.
        BundleError: A model's parts do not fit together.
    """

    def __init__(self, bundle: Bundle, seed: int, device: str | None = None) -> None:
        self._bundle = bundle
        self._seed = seed
        self.categories = tuple(bundle.rates)
        self.programs = programs_of(bundle)
        self.thresholds = thresholds(np.array(list(bundle.rates.values())))
        self._on_device = {} if device is None else self._moved(device)
        for category in self.categories:
            if category not in self.programs:
                bundle.model(category)

    def _moved(self, name: str) -> dict[int, OnDevice]:
        from muforge.models.device import available_device
        from muforge.spill.on_device import OnDevice

        device = available_device(name)
        return {category: OnDevice(self._bundle.model(category), device) for category in self.programs}

    def positions(self, first: int, rows: int) -> NDArray[np.int32]:
        """Which of `categories` muons first, first + 1, ... are of, shape (rows,).

        Arguments:
            first: A multiple of 2^16.
            rows: At most 2^16.
        """
        out = np.empty(-(-rows // LANES) * LANES, np.int32)
        choose(self.thresholds, np.uint64(first), rows, int(Purpose.MUON), np.uint64(self._seed), out)
        return out[:rows]

    def starts(self, category: int, first: int, numbers: NDArray[np.int32], out: NDArray[np.float32]) -> None:
        """Write the starts of muons first + numbers to these places of `out`.

        Arguments:
            category: Theirs.
            first: A multiple of 2^16.
            numbers: Below 2^16, shape (n,).
            out: Columns start_x, start_y, start_z [cm], px, py, pz [GeV], shape (6, rows).
        """
        if category in self._on_device:
            out[:, numbers] = self._on_device[category].starts(self._seed, first, numbers)
            return
        if category in self.programs:
            padded = np.pad(numbers, (0, -len(numbers) % LANES), mode="edge")
            muons(
                self.programs[category],
                np.uint64(first),
                padded,
                int(Purpose.MUON),
                np.uint64(self._seed),
                out.ravel(),
                out.shape[1],
            )
            return
        place = stream(self._seed, Purpose.LATENT, category, first)
        columns = self._bundle.model(category).starts(len(numbers), place)
        for row, name in enumerate(OFF_AXIS_FEATURES):
            out[row, numbers] = columns[name]


def programs_of(bundle: Bundle) -> dict[int, Program]:
    """Of the categories that run compiled.

    Raises:
        BundleError: Parts of a model do not fit together.
    """
    programs = {}
    for category, record in bundle.manifest.categories.items():
        if why_not(record.model, record.representation, record.conditions) is None:
            try:
                programs[category] = program(record.model, record.representation, bundle.weights(category))
            except (MuforgeError, ValueError, KeyError, TypeError) as error:
                raise BundleError(
                    f"{bundle.directory}: category {category}: parts do not fit ({error})"
                ) from error
            if programs[category].sizes[0] != len(features(category)) - 1:
                raise BundleError(
                    f"{bundle.directory}: category {category}: another representation than its columns"
                )
    return programs


def thresholds(rates: NDArray[np.float64]) -> NDArray[np.int32]:
    """Cumulative shares of all but the last of the rates, times 2^32, as int32 of the same bits, shape (n - 1,)."""
    upto = np.cumsum(rates)[:-1] / rates.sum()
    words: NDArray[np.int32] = np.round(upto * 2.0**32).astype(np.uint64).astype(np.uint32).view(np.int32)
    return words
