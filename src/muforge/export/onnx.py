"""Bundles as ONNX models, one of each category: for ONNX Runtime in C++, Python and browsers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muforge.bundle import Bundle
from muforge.errors import ConfigError
from muforge.export.output import check_own_directory
from muforge.files import atomic_directory, sha256, write_json
from muforge.sample import CATEGORIES, CATEGORY_TITLES, OFF_AXIS_FEATURES, REQUIRED, pdg_code

if TYPE_CHECKING:
    from onnx import ModelProto

MANIFEST_NAME = "manifest.json"

EXTRA = "pip install 'muforge[export]'"


def export_onnx(bundle: Bundle, out: Path, *, force: bool = False) -> Path:
    """Write a directory with `category-1.onnx`, ... and `manifest.json`, which says what goes in and comes out.

    Arguments:
        bundle: Models of any family on the physical representation. Completions and replicas are left out.
        out: Where; it must not exist unless `force`, and then hold nothing but such files.

    Raises:
        ConfigError: A package is missing, or a model is on another representation or cannot be translated.
        OutputError: The directory exists, holds other files, or cannot be written.
    """
    _check_packages()
    check_own_directory(out, {MANIFEST_NAME, *map(file_name, CATEGORIES)}, force=force)
    with atomic_directory(out) as partial:
        for category in bundle.rates:
            content = _model(bundle, category).SerializeToString(deterministic=True)
            (partial / file_name(category)).write_bytes(content)
        write_json(partial / MANIFEST_NAME, _manifest(bundle, partial))
    return out


def file_name(category: int) -> str:
    """Name of a category's model in the directory."""
    return f"category-{category}.onnx"


def _model(bundle: Bundle, category: int) -> ModelProto:
    import onnx

    from muforge import __version__
    from muforge.chain import PhysicalChain
    from muforge.export.onnx_graph import graph

    trained = bundle.model(category)
    try:
        model = graph(PhysicalChain(trained))
    except RuntimeError as error:
        raise ConfigError(
            f"category {category}: model family '{trained.config.family}' cannot be exported to ONNX"
        ) from error
    model.graph.name = f"category-{category}"
    model.producer_name, model.producer_version = "muforge", __version__
    model.doc_string = f"Muons of category {category} ({CATEGORY_TITLES[category]}) of bundle {bundle.name}"
    facts = {
        "category": category,
        "pdg": pdg_code(category),
        "bundle": bundle.name,
        "identity": bundle.identity,
    }
    onnx.helper.set_model_props(model, {name: str(value) for name, value in facts.items()})
    onnx.checker.check_model(model, full_check=True)
    return model


def _manifest(bundle: Bundle, directory: Path) -> dict[str, Any]:
    from muforge import __version__
    from muforge.export.onnx_graph import MUONS, NORMAL, OPSET, TURN

    normal = "independent standard normal numbers, shape (n, normals)"
    turn = "independent uniform numbers, 0 <= turn < 1, shape (n,)"
    return {
        "kind": "onnx",
        "name": bundle.name,
        "identity": bundle.identity,
        "protons_on_target": bundle.protons_on_target,
        "ecut": bundle.ecut,
        "muforge_version": __version__,
        "opset": OPSET,
        "inputs": {
            NORMAL: {"dtype": "float32", "content": normal},
            TURN: {"dtype": "float32", "content": turn},
        },
        "output": {
            "name": MUONS,
            "dtype": "float32",
            "columns": {name: REQUIRED[name].unit for name in OFF_AXIS_FEATURES},
        },
        "categories": {
            category: {
                "file": file_name(category),
                "sha256": sha256(directory / file_name(category)),
                "pdg": pdg_code(category),
                "normals": bundle.model(category).latent_dimensions,
                "rate": rate,
            }
            for category, rate in bundle.rates.items()
        },
    }


def _check_packages() -> None:
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise ConfigError(f"export to ONNX needs {' and '.join(missing)}: {EXTRA}")
