"""pydantic's errors in one line."""

from __future__ import annotations

from pydantic import ValidationError


def first_problem(error: ValidationError, prefix: str = "") -> str:
    """The first problem as `key: value: what is wrong`, with the number of further ones.

    Arguments:
        error: From a validation.
        prefix: Key under which the validated content stands.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in ([prefix] if prefix else []) + list(first["loc"])) or "content"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown option{more}"
    if first["type"] == "missing":
        return f"{key}: missing{more}"
    if first["type"] == "value_error":
        message = first["msg"].removeprefix("Value error, ")
        return f"{key}: {message}{more}" if first["loc"] else f"{message}{more}"
    if isinstance(first["input"], dict | bytes):
        return f"{key}: {first['msg']}{more}"
    return f"{key}: {first['input']!r}: {first['msg']}{more}"
