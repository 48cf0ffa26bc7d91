"""Writing a spec as the text that a program reads: YAML, JSON or TOML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

import yaml

from skillbank.errors import SpecError
from skillbank.plan.model import Plan, Source

__all__ = ["chosen_keys", "write_spec"]

_NAMED = "# named:"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def chosen_keys(plan: Plan) -> tuple[str, ...]:
    """Return the keys whose values a person, a search or a new attempt after a failure chose."""
    own = (Source.USER, Source.SHORTHAND, Source.AUTOML, Source.RETRY)
    return tuple(override.key for override in plan.overrides if override.source in own)


def write_spec(spec: Mapping[str, object], config_format: str, named: Sequence[str] = ()) -> str:
    """Return the spec as text that reads back equal.

    Parameters
    ----------
    named
        Keys whose values somebody chose; a comment in the first line lists them, where the format has
        comments. A program that replaces its own defaults leaves these values as they are.
    """
    head = f"{_NAMED} {json.dumps(sorted(named))}\n" if named else ""
    if config_format == "yaml":
        text: str = yaml.safe_dump(dict(spec), sort_keys=False, allow_unicode=True)
        # PyYAML writes the line break U+0085 as it is and does not read it back.
        return head + (text if "\x85" not in text else yaml.safe_dump(dict(spec), sort_keys=False))
    if config_format == "json":
        try:
            return json.dumps(spec, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        except ValueError:
            raise SpecError("the spec holds an infinite number, which JSON cannot express") from None
    return head + "\n".join(_toml_table(spec, ())).lstrip("\n") + "\n"


def _toml_table(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    """Write a table: its values first, then the tables below it. TOML has no null: such keys are left out."""
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping) and v is not None}
    below = {k: v for k, v in table.items() if isinstance(v, Mapping)}
    header = ["", f"[{'.'.join(map(_toml_key, path))}]"] if path and (plain or not below) else []
    lines = [*header, *(f"{_toml_key(str(k))} = {_toml_value(v, str(k))}" for k, v in plain.items())]
    for key, value in below.items():
        lines += _toml_table(value, (*path, str(key)))
    return lines


def _toml_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _toml_string(key)


def _toml_string(text: str) -> str:
    # JSON's escapes are TOML's, except that TOML also wants DEL escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_value(value: object, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml_value(v, key) for v in value)}]"
    if isinstance(value, Mapping):
        inner = (f"{_toml_key(str(k))} = {_toml_value(v, key)}" for k, v in value.items() if v is not None)
        return f"{{{', '.join(inner)}}}"
    if value is None:
        raise SpecError(f"'{key}' holds a list with an empty entry, which TOML cannot express")
    return _toml_string(str(value))
