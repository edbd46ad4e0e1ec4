"""The programs of all categories of a bundle, if the compiled engine runs them."""

from __future__ import annotations

from muforge.bundle import Bundle
from muforge.engine.program import Program, program, why_not
from muforge.errors import ConfigError


def programs_of(bundle: Bundle) -> dict[int, Program]:
    """By category, in the order of their numbers.

    Raises:
        ConfigError: The engine does not run one of them.
    """
    out = {}
    for category in bundle.rates:
        record = bundle.manifest.categories[category]
        reason = why_not(record.model, record.representation)
        if reason is not None:
            raise ConfigError(
                f"{bundle.directory}: category {category}: {reason}, and nothing else is written in C++; "
                "'--to onnx' exports other families on the physical representation"
            )
        out[category] = program(record.model, record.representation, bundle.weights(category))
    return out
