"""The parameters of the next trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muforge.rng import Purpose, stream
from muforge.scanning.parameter import Label
from muforge.scanning.space import Space
from muforge.scanning.storage import STUDY_NAME

if TYPE_CHECKING:
    from optuna import Study

_SEEDS = 2**32


def begin_trial(study: Study, space: Space) -> int:
    """Choose the parameters of the next trial, enter it as running, and return its number.

    The parameters depend on the seed, the number and, for TPE, on the trials so far; on nothing else.
    """
    from optuna.trial import TrialState, create_trial

    number = len(study.get_trials(deepcopy=False))
    labels = space.grid()[number] if space.sampler == "grid" else _sampled(study, space, number)
    study.add_trial(
        create_trial(state=TrialState.RUNNING, params=labels, distributions=space.distributions())
    )
    return number


def _sampled(study: Study, space: Space, number: int) -> dict[str, Label]:
    """What Optuna's sampler chooses.

    It chooses in a copy of the study, so that a trial enters the journal whole, with its parameters, or not at all.

    References:
        Bergstra et al., Algorithms for hyper-parameter optimization | https://papers.nips.cc/paper/4443
        Watanabe, Tree-structured Parzen estimator | https://arxiv.org/abs/2304.11127
    """
    import optuna

    seed = int(stream(space.seed, Purpose.SCAN, number).integers(_SEEDS))
    tpe = space.sampler == "tpe"
    samplers = optuna.samplers
    sampler = samplers.TPESampler(seed=seed, constant_liar=True) if tpe else samplers.RandomSampler(seed=seed)
    copy = optuna.create_study(study_name=STUDY_NAME, sampler=sampler, pruner=study.pruner)
    if tpe:
        copy.add_trials(study.trials)
    return copy.ask(space.distributions()).params
