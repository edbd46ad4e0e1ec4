"""The `muforge` command: one small file per subcommand; errors become one line and an exit code."""

from __future__ import annotations

import sys

from muforge.errors import Interrupted, MuforgeError, OtherRankFailed

INTERNAL_EXIT_CODE = 70


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the command line; `--debug`, anywhere on it, shows tracebacks."""
    from muforge.cli.app import app
    from muforge.processes import patient_threads

    patient_threads()
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    try:
        app(
            [argument for argument in given if argument != "--debug"],
            prog_name="muforge",
            standalone_mode=True,
        )
    except OtherRankFailed as error:
        if debug:
            raise
        raise SystemExit(error.exit_code) from None
    except MuforgeError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", Interrupted.exit_code)
    except OSError as error:
        if debug:
            raise
        _fail(f"{error.filename or 'input or output'}: {error.strerror or error}", MuforgeError.exit_code)
    except Exception as error:
        if debug:
            raise
        _fail(
            f"unexpected {type(error).__name__}: {error} (run with --debug for the traceback)",
            INTERNAL_EXIT_CODE,
        )


def _fail(message: str, code: int) -> None:
    print(f"muforge: error: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code)
