"""Reading a spec: YAML file, `a.b=c` overrides, strict checks with one clear sentence each."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from skillbank_engine.config.explain import dotted, explain
from skillbank_engine.config.fields import MISSING
from skillbank_engine.config.specs import Specs, SpecT

SpecBlock = TypeVar("SpecBlock", bound=BaseModel)

_MAX_BYTES = 4_000_000


class SpecError(ValueError):
    """A spec cannot be used; the message is one sentence that names the key.

    Parameters
    ----------
    message
        The sentence.
    key
        Dotted key that is at fault; empty when it is the document as a whole.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def load_spec(specs: Specs[SpecT], action: str, path: str | Path, overrides: Sequence[str] = ()) -> SpecT:
    """Read and check the spec of an action.

    Parameters
    ----------
    specs
        The family's.
    action
        One of theirs.
    path
        YAML file.
    overrides
        ``key.key=value`` words that win over the file; a later word wins over an earlier one. Values are read
        as YAML, ``key[0].key`` reaches into a list.

    Returns
    -------
    pydantic model
        An instance of ``specs.by_action[action]``, with the `engine` block filled in.

    Raises
    ------
    SpecError
        If the file cannot be read, or a key is unknown, of the wrong type, out of bounds or still missing.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise SpecError(f"spec file {file} is larger than {_MAX_BYTES} bytes, which no real spec is")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"spec file {file} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"spec file {file} cannot be read: {error}") from None
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(f"spec file {file} is not valid YAML: {_flat(error)}") from None
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise SpecError(f"spec file {file} must hold a mapping of keys, not a {type(document).__name__}")
    return build_spec(specs, action, document, overrides)


def build_spec(
    specs: Specs[SpecT], action: str, document: Mapping[str, object], overrides: Sequence[str] = ()
) -> SpecT:
    """Check a spec that has been read already; see `load_spec` for overrides and errors.

    Parameters
    ----------
    specs
        The family's.
    action
        One of theirs.
    document
        The spec as nested plain data; left as it is.
    overrides
        ``key.key=value`` words.

    Returns
    -------
    pydantic model
        An instance of ``specs.by_action[action]``.
    """
    known = specs.by_action
    if action not in known:
        raise SpecError(
            f"unknown action {action!r}{_did_you_mean(action, known)}; there are {', '.join(known)}"
        )
    kind = known[action]
    foreign = specs.action_blocks()
    data = copy.deepcopy(dict(document))
    for name, block_kind in foreign.items():
        # One file often serves all actions. Blocks of other actions are checked, then set aside.
        if name in data and name not in kind.model_fields:
            _validate(block_kind, data.pop(name), name)
    defaults = kind().model_dump()
    # Parents first, so that setting a block never undoes what was set inside it.
    for key, value in sorted(map(parse_override, overrides), key=lambda item: len(item[0])):
        if key[0] in foreign and key[0] not in kind.model_fields:
            raise SpecError(f"{dotted(key)} belongs to another action than {action}", dotted(key))
        _assign(data, key, value, defaults)
    spec = _validate(kind, data, "")
    _check_missing(specs, action, spec)
    return spec


def parse_override(word: str) -> tuple[tuple[str | int, ...], object]:
    """Split ``a.b[0].c=value``.

    Parameters
    ----------
    word
        One override as it stands on the command line.

    Returns
    -------
    tuple
        The steps of the key (text for mappings, int for lists) and the value, read as YAML; nothing
        after ``=`` is the empty text.
    """
    name, equals, raw = word.partition("=")
    if not equals or not re.fullmatch(r"[^.\[\]\s]+(\[\d+\])*(\.[^.\[\]\s]+(\[\d+\])*)*", name):
        raise SpecError(f"override {word!r} is not of the form key.key=value")
    steps: list[str | int] = []
    for part in name.split("."):
        steps.append(part.split("[")[0])
        steps += [int(index) for index in re.findall(r"\[(\d+)\]", part)]
    if not raw.strip():
        return tuple(steps), ""
    try:
        return tuple(steps), yaml.safe_load(raw)
    except (yaml.YAMLError, RecursionError):
        raise SpecError(f"the value of override {word!r} is not valid YAML; put it in quotes", name) from None


def _assign(data: dict[str, object], key: tuple[str | int, ...], value: object, defaults: object) -> None:
    node: object = data
    for position, step in enumerate(key):
        last = position + 1 == len(key)
        defaults = _child(defaults, step)
        fresh: object = {}
        if not last and isinstance(key[position + 1], int):
            # An index counts in the list as it would stand without the override.
            fresh = copy.deepcopy(defaults) if isinstance(defaults, list) else []
        name = dotted(key[: position + 1])
        if isinstance(step, int):
            if not isinstance(node, list):
                raise SpecError(f"{dotted(key[:position])} is not a list, so {name} cannot be set", name)
            if step > len(node):
                raise SpecError(f"{name} is out of reach: the next free entry is [{len(node)}]", name)
            if step == len(node):
                node.append(value if last else fresh)
            elif last:
                node[step] = value
            node = node[step]
        else:
            if not isinstance(node, dict):
                raise SpecError(f"{dotted(key[:position])} holds no keys, so {name} cannot be set", name)
            if last:
                node[step] = value
            elif node.get(step) is None:
                node[step] = fresh
            node = node[step]


def _child(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else None


def _validate(kind: type[SpecBlock], data: object, prefix: str) -> SpecBlock:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # An unknown key is the likeliest cause of whatever else is wrong, so it is named first.
        first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
        sentence, key = explain(kind, first, prefix)
        more = len(details) - 1
        raise SpecError(sentence + (f" (and {more} more)" if more else ""), key) from None


def _check_missing(specs: Specs[SpecT], action: str, spec: SpecT) -> None:
    data = spec.model_dump()
    leaves = dict(_leaves(data))
    settled: set[str] = set()
    for group in specs.needed.get(action, ()):
        if all(leaves.get(key) in ("", MISSING) for key in group):
            raise SpecError(f"{' or '.join(group)} is not set, and {action} needs it", group[0])
        settled.update(group)
    for key, value in leaves.items():
        # Blocks of other actions ride along in every spec; what is open there does not matter here.
        foreign = key.split(".")[0] in specs.by_action.keys() - {action, *specs.with_train(action)}
        if value == MISSING and key not in settled and not foreign:
            raise SpecError(f"{key} is not set ('{MISSING}'), and {action} needs it", key)


def _leaves(node: object, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, (*steps, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*steps, index))
    else:
        yield dotted(steps), node


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())
