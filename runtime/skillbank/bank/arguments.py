"""Actions of mode ``args``: their argument table, read as the spec that it stands for."""

from __future__ import annotations

import re
from dataclasses import replace

from skillbank.bank.actions import Action, InputDecl
from skillbank.bank.documents import parse_yaml
from skillbank.errors import SkillFormatError

_TOKEN = re.compile(r"\{([A-Za-z_][\w-]*)\}")


def with_args(action: Action) -> Action:
    """Rewrite ``args`` into the terms of every other action.

    ``args`` maps a spec key to a text with tokens, ``defaults`` gives tokens a value. A key whose
    whole value is a token becomes: the results folder for ``{results_dir}``, a default when there is
    one, else an input that must be given. Token and input names stay usable as shorthands.
    """
    inputs = {_name(i.key): i for i in action.inputs}
    defaults = {_name(str(k)): _value(v) for k, v in action.defaults.items()}
    renamed: dict[str, InputDecl] = {}
    shorthands, constants, params = (
        dict(action.shorthands),
        dict(action.key_defaults),
        dict(action.spec_params),
    )
    for key, text in action.args.items():
        token = _TOKEN.fullmatch(text.strip()) if isinstance(text, str) else None
        if token is None:
            constants[key] = _filled(text, defaults)
            continue
        name = _name(token[1])
        if name in ("results_dir", "output_dir"):
            params.setdefault(key, "output_dir")
            continue
        shorthands |= {token[1]: key, name: key, name.replace("_", "-"): key}
        declared = inputs.get(name)
        if name in defaults:
            constants[key] = defaults[name]
        if declared is not None:
            optional = declared.optional or name in defaults
            renamed[name] = replace(declared, key=key, optional=optional)
        elif name not in defaults:
            renamed[name] = InputDecl(key, "text", False, {})
    return replace(
        action,
        inputs=(*(i for n, i in inputs.items() if n not in renamed), *renamed.values()),
        shorthands=shorthands, key_defaults=constants, spec_params=params,
    )  # fmt: skip


def _name(text: str) -> str:
    return text.replace("-", "_")


def _filled(text: object, defaults: dict[str, object]) -> object:
    if not isinstance(text, str):
        return text
    return _TOKEN.sub(lambda m: str(defaults.get(_name(m[1]), m[0])), text)


def _value(text: object) -> object:
    """Read a default as the command line would: ``'["0","1"]'`` is a list."""
    if not isinstance(text, str):
        return text
    try:
        return parse_yaml(text, "defaults")
    except SkillFormatError:
        return text
