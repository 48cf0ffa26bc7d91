"""The keys of a spec that somebody has named: their values hold, also where they are the family's defaults.

A spec that skillbank writes is whole, so what was said cannot be told from what a template says.  The first
line of the file tells it, as a comment, which other programs pass over:
``# named: ["dataset.batch_size", "train.seed"]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from pathlib import Path

from pydantic import BaseModel

from skillbank_engine.config.load import SpecError, parse_override

_MARK = "# named:"
_HEEDED = ("train.precision",)
"""Keys that a file without that line names by holding them: where nobody names one, the engine chooses."""
_PART = r"[^.\[\]\s]+(\[\d+\])*"
_WRITABLE = re.compile(rf"{_PART}(\.{_PART})*(?![^.])")
"""As much of a key as a word of a command line can hold: the name of a class in a table may have spaces."""


class Named:
    """Which keys are named by the ``a.b=c`` words of a command line.

    Parameters
    ----------
    words : iterable of str
        A word that names a block names all that is in it; one that names a part names what it is a part of.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._keys = {parse_override(word)[0] for word in words}

    def __contains__(self, key: str) -> bool:
        steps = tuple(key.split("."))
        return any(steps[: len(name)] == name[: len(steps)] for name in self._keys)


NOTHING = Named()
"""Where nobody has named anything."""


def describes_network(model: BaseModel, structure: Iterable[str], named: Named) -> bool:
    """Say whether a model block says which network is meant: it is not the default, or named all the same.

    Parameters
    ----------
    model : pydantic model
        The ``model`` block of a spec.
    structure : iterable of str
        Its fields that make another network of it.
    named : Named
        What somebody has named; weights that are named as none ("from scratch") are no network.
    """
    usual = type(model)()
    return any(
        (f"model.{name}" in named and getattr(model, name)) or getattr(model, name) != getattr(usual, name)
        for name in structure
    )


def named_words(path: str | Path, spec: BaseModel) -> list[str]:
    """Return a word of a command line for each key that a spec's file names.

    The first line does it; where it is of another kind, a few keys are named by standing in the file.

    Parameters
    ----------
    path : str or Path
        The file; it has been read already.
    spec : pydantic model
        What was read.

    Raises
    ------
    SpecError
        The line is no JSON list of keys.
    """
    with Path(path).open(encoding="utf-8") as file:
        first = file.readline()
    if not first.startswith(_MARK):
        return list(_words([key for key in _HEEDED if _holds(spec, key)], spec.model_dump(mode="json")))
    try:
        keys = json.loads(first.removeprefix(_MARK))
    except ValueError:
        keys = None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise SpecError(f"the first line of spec file {path} must be '{_MARK}' and a JSON list of keys")
    return list(_words(keys, spec.model_dump(mode="json")))


def _holds(spec: BaseModel, key: str) -> bool:
    """Whether a key stands in the file that a spec was read from, with whatever value."""
    block, _, name = key.partition(".")
    return block in spec.model_fields_set and name in getattr(spec, block).model_fields_set


def _words(keys: Iterable[str], values: object) -> Iterator[str]:
    for key in keys:
        word = _WRITABLE.match(key)
        if word is None:
            continue  # nothing of a spec has such a name
        try:
            yield f"{word[0]}={json.dumps(reduce(_below, parse_override(f'{word[0]}=')[0], values))}"
        except LookupError:
            continue  # of another action's block, which this one sets aside


def _below(value: object, step: str | int) -> object:
    """Give what stands in a mapping or a list.

    Raises
    ------
    LookupError
        There is no such thing.
    """
    if isinstance(value, dict):
        found: object = value[step]
        return found
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise LookupError(step)
