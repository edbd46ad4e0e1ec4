"""A category's chain as an ONNX graph."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from muforge.chain import PhysicalChain

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
"""Of ONNX: what PyTorch translates to without a conversion, and ONNX Runtime 1.15 and later read."""

IR_VERSION = 8
"""Of the file: the one that came with the opset. Newer ones need a newer runtime and give nothing here."""

NORMAL, TURN, MUONS = "normal", "turn", "muons"
"""Names of the two inputs and of the output."""

ROWS = "n"
"""Name of the first dimension of all three, which may be anything."""

_EXAMPLE_ROWS = 8


def graph(chain: PhysicalChain) -> ModelProto:
    """The chain as a model in float32 with its weights inside.

    Raises:
        RuntimeError: PyTorch cannot translate it.
    """
    rows = torch.export.Dim(ROWS)
    own = copy.deepcopy(chain).float().cpu()
    example = torch.zeros(_EXAMPLE_ROWS, chain.latent_dimensions), torch.zeros(_EXAMPLE_ROWS)
    with _silence():
        exported = torch.export.export(own, example, dynamic_shapes=({0: rows}, {0: rows}), strict=False)
        made = torch.onnx.export(
            exported,
            dynamo=True,
            opset_version=OPSET,
            input_names=[NORMAL, TURN],
            output_names=[MUONS],
            verbose=False,
        )
    assert made is not None
    model = made.model_proto
    _forget_where_it_was_made(model)
    for each in (*model.graph.input, *model.graph.output):
        each.type.tensor_type.shape.dim[0].dim_param = ROWS
    model.ir_version = IR_VERSION
    return model


def _forget_where_it_was_made(model: ModelProto) -> None:
    """Remove what the translation noted down: lines of source files by path, and shapes that follow from the graph."""
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for each in (model, graph):
        each.ClearField("metadata_props")
    graph.ClearField("value_info")


@contextmanager
def _silence() -> Iterator[None]:
    """Neither warnings nor log messages of PyTorch inside the block: they are for its developers."""
    logger = logging.getLogger("torch")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
