"""Diagnostics of a step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from muforge.models.diagnostics import Diagnostics
from muforge.models.optimisers import descend, gradient_norm
from tests.models.test_families import BATCH_SIZE, GANS, batch, build


def test_means_of_what_was_noted() -> None:
    diagnostics = Diagnostics(on=True)
    logits = torch.tensor([[-1.0], [2.0], [3.0], [0.0]])
    diagnostics.logits("real", logits, real=True)
    diagnostics.logits("generated", logits, real=False)
    diagnostics.logits("generated", -torch.ones(4, 1), real=False)
    assert {name: float(value) for name, value in diagnostics.means().items()} == {
        "real": 0.5,
        "generated": 0.625,
    }


def test_the_norm_is_that_of_the_whole_gradient_of_the_last_step() -> None:
    layer = nn.Linear(2, 1)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    diagnostics = Diagnostics(on=True)
    for factor in (1.0, 3.0):
        descend(factor * layer(torch.tensor([[2.0, 2.0]])).sum(), optimiser)
        diagnostics.gradient("norm", optimiser)
    assert float(gradient_norm(optimiser)) == pytest.approx(9)
    assert float(diagnostics.means()["norm"]) == pytest.approx(6)


def test_nothing_is_collected_when_off() -> None:
    diagnostics = Diagnostics(on=False)
    diagnostics.logits("real", torch.ones(3, 1), real=True)
    assert diagnostics.means() == {}


@pytest.mark.parametrize("name", GANS)
def test_they_change_nothing_else(name: str) -> None:
    model = {on: build(name) for on in (False, True)}
    for on, each in model.items():
        each.config = each.config.model_copy(update={"diagnostics": on})
        torch.manual_seed(1)
        optimisers = each.optimisers()
        for step in range(2):
            losses = each.training_step(batch(each, step), optimisers)
        norms = {"d_gradient_norm", "g_gradient_norm"}
        accuracies = set() if name == "wgan" else {"d_accuracy_real", "d_accuracy_generated"}
        assert (norms | accuracies) & set(losses) == (norms | accuracies if on else set())
    for key, value in model[False].state_dict().items():
        assert torch.equal(value, model[True].state_dict()[key]), key


def test_a_discriminator_that_knows_is_told_from_one_that_guesses() -> None:
    model = build("feature matching gan")
    model.config = model.config.model_copy(update={"diagnostics": True})
    optimisers = model.optimisers()
    real = torch.full((BATCH_SIZE // 2, 6), 0.99) * torch.tensor([1.0, -1, 1, -1, 1, -1])
    optimisers["discriminator"].param_groups[0]["lr"] = 0.01
    optimisers["generator"].param_groups[0]["lr"] = 0.0
    for _ in range(100):
        losses = model.training_step(real, optimisers)
    assert float(losses["d_accuracy_real"]) > 0.9
    assert float(losses["d_accuracy_generated"]) > 0.9
