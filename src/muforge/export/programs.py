"""The programs of all categories of a bundle, if the compiled engine runs them."""

from __future__ import annotations

from muforge.bundle import Bundle
from muforge.engine.program import Program, why_not
from muforge.errors import ConfigError
from muforge.spill.engine import programs_of


def every_program(bundle: Bundle) -> dict[int, Program]:
    """By category, in the order of their numbers.

    Raises:
        ConfigError: The engine does not run one of them.
        BundleError: Parts of a model do not fit together.
    """
    for category, record in bundle.manifest.categories.items():
        reason = why_not(record.model, record.representation, record.conditions)
        if reason is not None:
            raise ConfigError(
                f"{bundle.directory}: category {category}: {reason}, and nothing else is written in C++; "
                "'--to onnx' exports other families on the physical representation"
            )
    programs = programs_of(bundle)
    return {category: programs[category] for category in bundle.rates}
