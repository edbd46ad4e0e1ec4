"""Ranks that torch.distributed connects."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.optim import Optimizer

from muforge.errors import ConfigError, OtherRankFailed, TrainingError
from muforge.models.device import available_device
from muforge.rng import Purpose, stream
from muforge.training.ranks import SIZE, Ranks
from muforge.training.state import Machinery

T = TypeVar("T")

TO_CONNECT = timedelta(minutes=10)
TO_WAIT = timedelta(hours=12)
"""The others wait as long while rank 0 judges. A process that is lost closes its connections, and is not waited for."""

TO_SAY_WHY = timedelta(seconds=30)
"""torchrun ends all when one has ended: the first that fails is given time for its message."""

_FAILED, _SAID_WHY = "muforge/failed", "muforge/said"


class Connected(Ranks):
    """One of several ranks; there is a process group.

    Arguments:
        rank: Its number among all.
        size: How many there are.
        local: Its number among those on this machine.
        beside: How many there are on this machine.
    """

    def __init__(self, rank: int, size: int, *, local: int, beside: int) -> None:
        self.rank, self.size = rank, size
        self._local, self._beside = local, beside
        self._wanted = False
        self._agreed = torch.zeros(())
        self.on_gpu = False

    def device(self, name: str) -> torch.device:
        """'cpu', or for 'cuda' the GPU of this machine that has the rank's number on it."""
        if name.partition(":")[0] not in {"cpu", "cuda"}:
            raise ConfigError(f"device '{name}': several processes train on 'cpu' or 'cuda'")
        if name.startswith("cuda:"):
            raise ConfigError(f"device '{name}': each process has a GPU of its own; give 'cuda'")
        if name != "cuda":
            return available_device(name)
        gpus = torch.cuda.device_count()
        if 0 < gpus < self._beside:
            raise ConfigError(
                f"device 'cuda': this machine has {self._beside} processes, each needs a GPU of its own, and there are "
                f"{gpus}; give torchrun --nproc-per-node {gpus}"
            )
        device = available_device(f"cuda:{self._local}")
        torch.cuda.set_device(device)
        self.on_gpu = True
        return device

    def bind(self, machinery: Machinery) -> None:
        """As of `Ranks`. The running statistics of batch normalisation are averaged with the gradients.

        The average is taken before an optimiser's step by its hook, so that models know nothing of it.
        """
        self._agreed = torch.zeros(())
        with _exchange():
            for module in (machinery.model, machinery.ema.average):
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, src=0)
        statistics = [
            each
            for module in machinery.model.modules()
            if isinstance(module, nn.BatchNorm1d)
            for each in (module.running_mean, module.running_var)
            if each is not None
        ]
        for optimiser in machinery.optimisers.values():
            optimiser.register_step_pre_hook(lambda own, *_: self._average(own, statistics))

    def _average(self, optimiser: Optimizer, statistics: Sequence[Tensor]) -> None:
        """One exchange, of gradients, statistics, and whether any rank wants to stop."""
        parameters = (each for group in optimiser.param_groups for each in group["params"])
        tensors = [*(each.grad for each in parameters if each.grad is not None), *statistics]
        wanted = tensors[0].new_full((1,), float(self._wanted))
        flat = torch.cat([*(each.flatten() for each in tensors), wanted])
        with _exchange():
            dist.all_reduce(flat)
        flat /= self.size
        *means, self._agreed = torch.split(flat, [*(each.numel() for each in tensors), 1])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def seed(self, seed: int, category: int, step: int) -> None:
        """As of `Ranks`. Numbers have the address of the step, so that a run goes on with any number of ranks."""
        number = int(stream(seed, Purpose.TRAINING, category, 1 + self.rank, step).integers(2**63))
        torch.default_generator.manual_seed(number)
        if self.on_gpu:
            torch.cuda.manual_seed(number)

    def any(self, wanted: bool) -> bool:
        self._wanted = wanted
        return bool(self._agreed > 0)

    def once(self, make: Callable[[], T]) -> T:
        told: list[T | None] = [make() if self.leads else None]
        with _exchange():
            dist.broadcast_object_list(told, src=0, device=torch.device("cpu"))
        return told[0]  # type: ignore[return-value]

    def mean(self, numbers: Mapping[str, float]) -> dict[str, float]:
        if not numbers:
            return {}
        values = torch.tensor([*numbers.values()], dtype=torch.float64)
        with _exchange():
            dist.all_reduce(values)
        return dict(zip(numbers, (values / self.size).tolist(), strict=True))

    def leave(self) -> None:
        """As of `Ranks`. A thread of gloo that is still there aborts some processes at the interpreter's shutdown."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def connected(environment: Mapping[str, str]) -> Iterator[Connected]:
    """The ranks of an environment that torchrun has made; see `muforge.training.ranks.joined`."""
    size, rank, local, beside = (
        _number(environment, name) for name in (SIZE, "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    )
    gpus = torch.cuda.is_available() and dist.is_nccl_available()
    try:
        store, *_ = next(rendezvous("env://", timeout=TO_CONNECT))
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=TO_WAIT,
        )
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"rank {rank} of {size}: cannot be connected to the others ({error})") from error
    ranks = Connected(rank, size, local=local, beside=beside)
    failed = False
    try:
        yield ranks
    except BaseException as error:
        failed = True
        if not _is_first_to_fail(store):
            with suppress(RuntimeError):
                store.wait([_SAID_WHY], TO_SAY_WHY)
            raise OtherRankFailed(f"rank {rank}: another one failed before ({error})") from error
        atexit.register(_said_why, store)
        raise
    finally:
        # Without this gloo aborts the process at its end; NCCL would wait here for ranks that do not come.
        if not (failed and ranks.on_gpu):
            dist.destroy_process_group()


def _is_first_to_fail(store: Any) -> bool:
    try:
        return bool(store.add(_FAILED, 1) == 1)
    except RuntimeError:
        return True


def _said_why(store: Any) -> None:
    with suppress(RuntimeError):
        store.set(_SAID_WHY, "")


@contextmanager
def _exchange() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "another process of the training was lost (killed, out of memory?); --resume goes on from the last "
            "checkpoint"
        ) from error


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not text.isdecimal():
        raise ConfigError(
            f"environment variable {name} is '{text}', expected a number: with {SIZE} set, start muforge with torchrun"
        )
    return int(text)
