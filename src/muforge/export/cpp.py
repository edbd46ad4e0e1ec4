"""A bundle as one C++17 header that needs nothing but the standard library."""

from __future__ import annotations

from pathlib import Path

from muforge import __version__
from muforge.bundle import Bundle
from muforge.export.programs import every_program
from muforge.export.tables import constants, tables
from muforge.files import atomic, check_output

_ENGINE = Path(__file__).parent / "engine"
"""The parts of the header that do not depend on the bundle."""

_ON_X86 = ("avx512", "avx2")
_GUARD = "MUFORGE_HPP"


def export_cpp(bundle: Bundle, out: Path, *, force: bool = False) -> Path:
    """Write the header: `muforge::Spill(seed).next()` gives the muons that `muforge generate --seed` makes.

    Arguments:
        bundle: Its categories must be flows on the physical representation, which the compiled engine runs.
        out: The header.
        force: Overwrite it.

    Raises:
        ConfigError: The engine does not run one of the categories.
        OutputError: The file exists already or cannot be written.
    """
    check_output(out, force=force)
    text = header(bundle)
    with atomic(out) as partial:
        partial.write_text(text, encoding="ascii")
    return out


def header(bundle: Bundle) -> str:
    """The text of the header.

    Raises:
        ConfigError: The engine does not run one of the categories.
    """
    programs = every_program(bundle)
    return "\n".join(
        [
            _about(bundle),
            f"#ifndef {_GUARD}\n#define {_GUARD}\n",
            _part("prelude"),
            _of_bundle(bundle),
            "namespace muforge::engine {\n",
            constants(),
            tables(programs, bundle.rates),
            "\n} // namespace muforge::engine\n",
            _part("block"),
            "#ifdef MUFORGE_X86\n",
            *(_engine(name) for name in _ON_X86),
            "#endif\n",
            _engine("portable"),
            _part("spill"),
            "#undef MUFORGE_X86\n",
            f"#endif // {_GUARD}\n",
        ]
    )


def _about(bundle: Bundle) -> str:
    return f"""\
// Muons of the bundle {_quoted(bundle.name)}, written by muforge {__version__}. Do not edit: export the bundle again.
//
//     muforge::Spill spill(seed);
//     muforge::Muon muon = spill.next();
//
// SHA-256 of bundle.json: {bundle.identity}
// Needs C++17 and the standard library. Copyright (c) the muforge developers; the tables are the bundle's.
// SPDX-License-Identifier: BSD-3-Clause
"""


def _of_bundle(bundle: Bundle) -> str:
    return f"""\
namespace muforge {{

inline constexpr const char *bundle_name = {_quoted(bundle.name)};
inline constexpr const char *bundle_identity = "{bundle.identity}";

// Protons on target for which weights are normalised: those of the production that the bundle has learnt from.
inline constexpr double weights_protons_on_target = {bundle.protons_on_target!r};

// Muons per proton on target, of all categories together.
inline constexpr double muons_per_proton = {sum(bundle.rates.values())!r};

// Energy cut of the production [GeV]; 0 if it is not known.
inline constexpr double ecut = {0.0 if bundle.ecut is None else bundle.ecut!r};

// Protons on target that so many muons stand for.
constexpr double protons(std::uint64_t muons) {{ return static_cast<double>(muons) / muons_per_proton; }}

// Weight of each muon of a spill of so many protons on target, as `muforge generate` writes it.
constexpr double weight(double protons_on_target) {{ return weights_protons_on_target / protons_on_target; }}

}} // namespace muforge
"""


def _engine(lanes: str) -> str:
    """The engine on lanes of a kind, in a namespace of their name."""
    parts = "\n".join(_part(name) for name in (f"lanes_{lanes}", "elementary", "kernel"))
    begin, end = f"namespace muforge::engine::{lanes} {{\n", f"}} // namespace muforge::engine::{lanes}\n"
    return f"{begin}\n{parts}\n#undef MUFORGE_INLINE\n#undef MUFORGE_TARGET\n\n{end}"


def _part(name: str) -> str:
    return (_ENGINE / f"{name}.hpp").read_text(encoding="ascii")


def _quoted(text: str) -> str:
    """As a C++ string literal; all but plain characters as octal numbers of their UTF-8 bytes."""
    plain = set(range(32, 127)) - set(b'"\\?')
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'
