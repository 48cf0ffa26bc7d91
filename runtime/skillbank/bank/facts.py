"""The sections of skill_info that later rooms read as data, each with the types that it must have.

What a section says in another type is a finding and left out here, once, so that no reader further on asks
what it has been given. Words of a section that are not listed are for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from skillbank.bank.shapes import Shapes
from skillbank.visible import named

__all__ = ["read_facts"]

Reader = Callable[[Shapes, object, str], object]
"""Takes a value and its name, gives what it is, or None and a finding."""


def read_facts(raw: Mapping[str, object], read: Shapes) -> dict[str, object]:
    """Return the sections that say something, each as `SECTIONS` declares it."""
    facts = {name: reader(read, raw.get(name), name) for name, reader in SECTIONS.items()}
    return {name: fact for name, fact in facts.items() if fact}


def _text(read: Shapes, value: object, name: str) -> str | None:
    return read.text(value, name)


def _texts(read: Shapes, value: object, name: str) -> list[str]:
    return read.texts(value, name)


def _key(read: Shapes, value: object, name: str) -> str | None:
    return read.key(value, name)


def _whole(read: Shapes, value: object, name: str) -> int | None:
    return read.whole(value, name)


def _number(read: Shapes, value: object, name: str) -> float | None:
    return read.number(value, name)


def _scalar(read: Shapes, value: object, name: str) -> object:
    return read.scalar(value, name)


def _fields(needed: tuple[str, ...] = (), /, **words: Reader) -> Reader:
    """A mapping with these words; one that lacks a needed word is left out."""

    def reader(read: Shapes, value: object, name: str) -> dict[str, object]:
        said = read.mapping(value, name)
        found = {
            word: inner(read, said[word], f"{name}.{word}")
            for word, inner in words.items()
            if said.get(word) is not None  # a section that says nothing is empty, and counts as not there
        }
        if said and any(found.get(word) is None for word in needed):
            read.warn("shape", f"{name} does not say its {' and '.join(needed)}; it is not used.")
            return {}
        return {word: inner for word, inner in found.items() if inner is not None}

    return reader


def _listed(entry: Reader) -> Reader:
    def reader(read: Shapes, value: object, name: str) -> list[object]:
        read_entries = (entry(read, one, f"an entry of {name}") for one in read.sequence(value, name))
        return [one for one in read_entries if one]

    return reader


def _texts_by_name(read: Shapes, value: object, name: str) -> dict[str, str]:
    found = {str(k): read.text(v, f"{name}.{str(k)[:40]}") for k, v in read.mapping(value, name).items()}
    return {word: text for word, text in found.items() if text}


def _steps(read: Shapes, value: object, name: str) -> dict[float, int]:
    """Whole numbers by a number: ``{16: 2, "24": 4}``."""
    found: dict[float, int] = {}
    for step, said in read.mapping(value, name).items():
        number = read.number(_as_number(step), f"a step of {name}")
        whole = read.whole(said, f"{name}.{str(step)[:40]}")
        if number is not None and whole is not None:
            found[number] = whole
    return found


def _as_number(step: object) -> object:
    try:
        return float(step) if isinstance(step, str) and len(step) < 20 else step
    except ValueError:
        return step


_MODULE = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_PROGRAM = re.compile(r"[A-Za-z0-9_][\w.+-]{0,63}", re.ASCII)
_EXTRA = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def _flag(read: Shapes, value: object, name: str) -> bool:
    return read.flag(value, name)


def _matching(pattern: re.Pattern[str], kind: str) -> Callable[[Shapes, object, str], str | None]:
    """A text of one form."""

    def reader(read: Shapes, value: object, name: str) -> str | None:
        text = read.text(value, name)
        if text is not None and not pattern.fullmatch(text):
            read.warn("shape", f"{name} is '{named(text, 40)}', which is no {kind}; it is not used.")
            return None
        return text

    return reader


def _modules(read: Shapes, value: object, name: str) -> list[str]:
    # Looking for a module inside a package imports the package: only whole packages can be named.
    one = _matching(_MODULE, "package as Python imports it")
    found = (one(read, text, f"an entry of {name}") for text in read.texts(value, name)[:_MOST_PACKAGES])
    return [module for module in found if module]


def _first_category(read: Shapes, value: object, name: str) -> int | None:
    number = read.whole(value, name)
    if number not in (None, 0, 1):
        read.warn("shape", f"{name} is {number}; categories count from 0 or from 1, so it is not used.")
        return None
    return number


_MOST_PACKAGES = 30

SECTIONS: dict[str, Reader] = {
    "hardware": _fields(
        min_gpus=_whole,
        recommended_gpus=_whole,
        gpu_memory_gb=_number,
        recommended_gpu=_text,
        batch_size=_fields((), key=_key, by_memory_gb=_steps),
        notes=_text,
    ),
    "multi_node": _fields(launcher=_text, strategies=_texts, strategy_spec_key=_key, env=_texts),
    "unsupported": _listed(_fields(("key",), key=_text, value=_scalar, reason=_text)),
    "error_patterns": _listed(
        _fields((), name=_text, pattern=_text, explanation=_text, advice=_text, kind=_text)
    ),
    "schema_source": _text,
    "settle": _texts_by_name,
    "engine": _fields(
        ("program",),
        program=_matching(_PROGRAM, "name of a program"),
        packages=_modules,
        extra=_matching(_EXTRA, "extra of skillbank"),
        first_category=_first_category,
        labels_by_description=_flag,
        hub_model=_matching(_HUB, "OWNER/NAME on the model hub"),
    ),
    "weights": _fields(
        suggested=_texts, small_profile=_fields(("key",), key=_key, always=_scalar, without_gpu=_scalar)
    ),
}
"""What each section is."""
