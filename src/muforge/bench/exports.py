"""Exported models as contestants: the C++ header, and ONNX Runtime."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from muforge.bench.contestant import Contestant, Group, Unavailable
from muforge.bundle import Bundle

_MUONS = 2_000_000
_ONNX_ROWS = 65_536
_FLAGS = ("-std=c++17", "-O3", "-march=native")

PROGRAM = """
#include "muons.hpp"
#include <cstdio>
#include <cstdlib>
int main(int, char** arguments) {
    muforge::Spill spill(1);
    double sum = 0;
    for (long left = std::atol(arguments[1]); left > 0; --left) sum += spill.next().pz;
    std::printf("%g\\n", sum);
}
"""


def in_cpp(bundle: Bundle, folder: Path) -> list[Contestant]:
    """The header, compiled here, one muon after the other.

    Raises:
        Unavailable: There is no compiler.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise Unavailable("C++ header", "install g++")
    from muforge.export.cpp import export_cpp

    export_cpp(bundle, folder / "muons.hpp", force=True)
    source, program = folder / "main.cpp", folder / "spill"
    source.write_text(PROGRAM, encoding="utf-8")
    subprocess.run([compiler, *_FLAGS, "-o", program, source], check=True)

    def run() -> None:
        subprocess.run([program, str(_MUONS)], check=True, capture_output=True)

    return [Contestant("C++ header, 1 core", Group.models, _MUONS, run)]


def in_onnx(bundle: Bundle, folder: Path) -> list[Contestant]:
    """ONNX Runtime on one thread, of the category with most muons, random numbers included.

    Raises:
        Unavailable: ONNX is not installed.
    """
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        raise Unavailable("ONNX Runtime", "pip install 'muforge[export]'")
    import numpy as np
    import onnxruntime

    from muforge.export.onnx import export_onnx

    export_onnx(bundle, folder / "onnx", force=True)
    category = max(bundle.rates, key=lambda each: bundle.rates[each])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "onnx" / f"category-{category}.onnx", options)
    normal, turn = session.get_inputs()
    rng = np.random.default_rng(0)

    def run() -> None:
        given = {
            normal.name: rng.standard_normal((_ONNX_ROWS, normal.shape[1]), np.float32),
            turn.name: rng.random(_ONNX_ROWS, np.float32),
        }
        session.run(None, given)

    return [Contestant(f"ONNX Runtime, 1 thread, category {category}", Group.models, _ONNX_ROWS, run)]
