"""The engine's muons through PyTorch, on a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.chain import PhysicalChain
from muforge.engine.draw import draw
from muforge.rng import Purpose

if TYPE_CHECKING:
    from muforge.trained import TrainedModel


class OnDevice:
    """Makes muons of one category on a device, from the random numbers of the compiled engine.

    Random numbers and muons travel through pinned memory where the device is a GPU.

    Arguments:
        model: On the physical representation.
        device: Where to.
    """

    def __init__(self, model: TrainedModel, device: torch.device) -> None:
        self._device = device
        self._chain = PhysicalChain(model).to(device)

    def starts(self, seed: int, first: int, numbers: NDArray[np.int32]) -> NDArray[np.float32]:
        """Columns start_x ... pz of muons first + numbers, shape (6, n); they agree with the engine's to float32."""
        normal, turn = draw(seed, Purpose.MUON, first, numbers, self._chain.latent_dimensions)
        with torch.inference_mode():
            made = self._chain(self._sent(normal), self._sent(turn))
        columns: NDArray[np.float32] = made.T.contiguous().cpu().numpy()
        return columns

    def _sent(self, values: NDArray[np.float32]) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)
