from __future__ import annotations

import builtins
import os
from typing import Any

import pytest

from muforge.errors import SimulationError
from muforge.reference.hard_process import beam_settings
from muforge.reference.pythia import pythia8, quiet_pythia, share, silence

PROTON = 2212


@pytest.mark.parametrize("with_template", [False, True])
def test_refused_settings_and_failed_initialisations_are_errors(
    with_template: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    template = pythia8().Pythia("", False) if with_template else None
    with pytest.raises(SimulationError, match="No:such"):
        quiet_pythia(("No:such = on",), template)
    with pytest.raises(SimulationError, match="HardQCD"):
        quiet_pythia((*beam_settings(PROTON, PROTON, 20.0), "HardQCD:hardbbbar = on"), template)
    assert capfd.readouterr().out == ""


def test_silence_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with silence():
        os.write(1, b"unheard")
    os.write(1, b"heard")
    assert capfd.readouterr().out == "heard"


def test_the_data_of_pythia_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = share()
    assert (found / "setups" / "InitDefaultMPI.cmnd").is_file()
    monkeypatch.setenv("PYTHIA8DATA", str(found / "xmldoc"))
    assert share() == found
    monkeypatch.setenv("PYTHIA8DATA", "/nowhere/xmldoc")
    monkeypatch.setattr("sys.prefix", "/nowhere")
    monkeypatch.setattr("sys.base_prefix", "/nowhere")
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/nowhere")
    with pytest.raises(SimulationError, match="PYTHIA8DATA"):
        share()


def test_without_pythia_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pythia8mc":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SimulationError, match=r"pip install 'muforge\[simulate\]'"):
        pythia8()
