"""Training steps of one process and of several with the same batch, for docs/parallel.md.

    torchrun --standalone --nproc-per-node 2 -m benchmarks.parallel [--seconds 3] [--turns 5] [--device cuda]

Steps are those of a training, without judging. One process takes its turns in rank 0 while the others sleep.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bench.timing import in_turns, rates, ratio, seconds
from muforge.models.flow import FlowConfig, FlowModel
from muforge.models.precision import fast_precision, torch_settings
from muforge.presets import DEFAULT, preset
from muforge.training.batches import STEPS_PER_BLOCK, WeightedBatches
from muforge.training.ema import EMA
from muforge.training.ranks import ALONE, Ranks, joined
from muforge.training.state import Machinery, Progress

DIMENSIONS = 6
ROWS = 500_000
EMA_DECAY = 0.998
LEAST_STEPS = 4
ONE = "1 process"


@dataclass(frozen=True)
class Setting:
    """A network and the batch of all ranks together."""

    name: str
    config: FlowConfig
    batch: int


def settings() -> list[Setting]:
    """The default preset with its batch and a larger one, and wider networks."""
    best = preset(DEFAULT)
    assert isinstance(best.model, FlowConfig)
    wide = {f"width {width}": FlowConfig(width=width) for width in (96, 512)}
    own = [Setting(f"`{DEFAULT}`", best.model, batch) for batch in (best.training.batch_size, 10_000)]
    return own + [Setting(name, config, batch) for name, config in wide.items() for batch in (1000, 10_000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="of a turn of one process")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    with joined() as ranks:
        if ranks is ALONE:
            raise SystemExit("start it with torchrun --standalone --nproc-per-node 2 -m benchmarks.parallel")
        found = [
            measure(each, ranks, arguments.device, arguments.turns, arguments.seconds) for each in settings()
        ]
        if ranks.leads:
            record = new_record(
                f"torchrun --standalone --nproc-per-node {ranks.size} -m benchmarks.parallel "
                f"--seconds {arguments.seconds:g} --turns {arguments.turns} --device {arguments.device}"
            )
            record["parallel"] = {"processes": ranks.size, "device": arguments.device, "settings": found}
            path = save_record(record, "parallel")
            written = text(record, path.name)
            replace_block(ROOT / "docs" / "parallel.md", "parallel", written)
            print(written, path, sep="\n\n")


def measure(setting: Setting, ranks: Ranks, name: str, turns: int, wanted: float) -> dict[str, Any]:
    """Rates with the drawing of batches, and how many times faster than one process with one thread."""
    device = ranks.device(name)
    together = f"{ranks.size} processes"
    threads = {ONE: 1} | ({f"{ONE}, {ranks.size} threads": ranks.size} if name == "cpu" else {})
    alone = {each: Trainer(setting, ALONE, device, number) for each, number in threads.items() if ranks.leads}
    shared = Trainer(setting, ranks, device, 1)
    steps = ranks.once(
        lambda: max(LEAST_STEPS, round(LEAST_STEPS * wanted / seconds(lambda: alone[ONE].steps(LEAST_STEPS))))
    )

    def turn_of(contestant: str) -> Callable[[], object]:
        if contestant == together:
            return lambda: shared.steps(steps)
        return lambda: ranks.once(lambda: alone[contestant].steps(steps))

    def draw_alone() -> None:
        alone[ONE].draw()

    times = in_turns({each: turn_of(each) for each in (*threads, together)}, turns)
    drawing = in_turns({ONE: lambda: ranks.once(draw_alone), together: shared.draw}, 1)
    draw = {each: drawing[together if each == together else ONE][0] / STEPS_PER_BLOCK for each in times}
    whole = {each: [spent / steps + draw[each] for spent in several] for each, several in times.items()}
    per_second = rates(whole, 1.0)
    return {
        "name": setting.name,
        "batch": setting.batch,
        "weights": sum(each.numel() for each in shared.machinery.model.parameters()),
        "steps": steps,
        "steps_per_second": per_second,
        "muons_per_second": {each: setting.batch * rate for each, rate in per_second.items()},
        "times_one_process": {each: ratio(spent, whole[ONE]) for each, spent in whole.items() if each != ONE},
        "drawing_share_of_step": {each: draw[each] * rate for each, rate in per_second.items()},
    }


class Trainer:
    """A network in training.

    Arguments:
        setting: Network and batch.
        ranks: Those that train it.
        device: Of the own rank.
        threads: Of the CPU.
    """

    def __init__(self, setting: Setting, ranks: Ranks, device: torch.device, threads: int) -> None:
        endless = np.full(DIMENSIONS, np.inf, np.float32)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = FlowModel.build(setting.config, DIMENSIONS, (-endless, endless)).to(device)
        self.machinery = Machinery(model, model.optimisers(), EMA(model.sampler, EMA_DECAY), device)
        self._batches = WeightedBatches(
            np.random.default_rng(0).standard_normal((ROWS, DIMENSIONS), np.float32),
            np.ones(ROWS),
            setting.batch,
            seed=0,
            category=4,
            device=device,
            ranks=ranks,
        )
        self._block = 0
        self._batches.at(0)
        self._ranks = ranks
        self._settings: Any = {"threads": threads, "matmul_precision": fast_precision(model)}
        ranks.bind(self.machinery)

    def steps(self, number: int) -> None:
        """Make steps with batches that have been drawn."""
        now, model = Progress(), self.machinery.model
        with torch_settings(**self._settings):
            for step in range(number):
                self._ranks.any(False)
                self._ranks.seed(*self._batches.address, step)
                batch = self._batches.at(self._block * STEPS_PER_BLOCK + step % STEPS_PER_BLOCK)
                losses = model.training_step(batch, self.machinery.optimisers)
                self.machinery.ema.update(step + 1)
                now.count(step + 1, losses)

    def draw(self) -> None:
        """Draw the batches of the next 1024 steps."""
        self._block += 1
        self._batches.at(self._block * STEPS_PER_BLOCK)


def text(record: dict[str, Any], name: str) -> str:
    """The record as Markdown."""
    machine, found = record["machine"], record["parallel"]
    contestants = list(found["settings"][0]["steps_per_second"])
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, {machine['cores']} cores, torch {machine['torch']}, device {found['device']}. Steps "
        "per second and, in brackets, thousand muons per second; then how many times faster than one process, smallest "
        "and largest over the turns.",
        "",
        f"| flow | weights | batch | {' | '.join(contestants)} |",
        f"|---|---|---|{'---|' * len(contestants)}",
    ]
    for each in found["settings"]:
        cells = [_cell(each, contestant) for contestant in contestants]
        lines.append(f"| {each['name']} | {each['weights']:,} | {each['batch']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(found: dict[str, Any], contestant: str) -> str:
    steps, muons = (found[f"{what}_per_second"][contestant] for what in ("steps", "muons"))
    rate = f"{steps:.3g} ({muons / 1e3:.3g})"
    over = found["times_one_process"].get(contestant)
    if over is None:
        return rate
    return f"{rate}; **{over['median']:.2f}** ({over['min']:.2f} to {over['max']:.2f})"


if __name__ == "__main__":
    main()
