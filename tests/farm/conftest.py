"""One Slurm for all tests of a session that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.farm.slurm_node import SlurmNode, why_not


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmNode]:
    """A Slurm to which sbatch and its like talk, in this process and in those that it starts."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with SlurmNode(tmp_path_factory.mktemp("slurm")) as node, pytest.MonkeyPatch.context() as patch:
        for name, value in node.environment.items():
            patch.setenv(name, value)
        yield node


@pytest.fixture
def idle_slurm(slurm: SlurmNode) -> Iterator[SlurmNode]:
    """The same Slurm, without a job and open to jobs before and after the test."""
    slurm.cancel_all()
    yield slurm
    slurm.cancel_all()
    if slurm.node_state() == "drained":
        slurm.resume()
