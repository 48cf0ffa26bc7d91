"""The sections of skill_info that later rooms read as data, each with the types that it must have.

What a section says in another type is a finding and left out here, once, so that no reader further on asks
what it has been given. Words of a section that are not listed are for people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skillbank.bank.shapes import Shapes

__all__ = ["read_facts"]

Reader = Callable[[Shapes, Any, str], Any]
"""Takes a value and its name, gives what it is, or None and a finding."""


def read_facts(raw: Mapping[str, Any], read: Shapes) -> dict[str, Any]:
    """Return the sections that say something, each as `SECTIONS` declares it."""
    facts = {name: reader(read, raw.get(name), name) for name, reader in SECTIONS.items()}
    return {name: fact for name, fact in facts.items() if fact}


def _text(read: Shapes, value: Any, name: str) -> str | None:
    return read.text(value, name)


def _texts(read: Shapes, value: Any, name: str) -> list[str]:
    return read.texts(value, name)


def _key(read: Shapes, value: Any, name: str) -> str | None:
    return read.key(value, name)


def _whole(read: Shapes, value: Any, name: str) -> int | None:
    return read.whole(value, name)


def _number(read: Shapes, value: Any, name: str) -> float | None:
    return read.number(value, name)


def _scalar(read: Shapes, value: Any, name: str) -> Any:
    return read.scalar(value, name)


def _fields(needed: tuple[str, ...] = (), /, **words: Reader) -> Reader:
    """A mapping with these words; one that lacks a needed word is left out."""

    def reader(read: Shapes, value: Any, name: str) -> dict[str, Any]:
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
    def reader(read: Shapes, value: Any, name: str) -> list[Any]:
        read_entries = (entry(read, one, f"an entry of {name}") for one in read.sequence(value, name))
        return [one for one in read_entries if one]

    return reader


def _texts_by_name(read: Shapes, value: Any, name: str) -> dict[str, str]:
    found = {str(k): read.text(v, f"{name}.{str(k)[:40]}") for k, v in read.mapping(value, name).items()}
    return {word: text for word, text in found.items() if text}


def _steps(read: Shapes, value: Any, name: str) -> dict[float, int]:
    """Whole numbers by a number: ``{16: 2, "24": 4}``."""
    found: dict[float, int] = {}
    for step, said in read.mapping(value, name).items():
        number = read.number(_as_number(step), f"a step of {name}")
        whole = read.whole(said, f"{name}.{str(step)[:40]}")
        if number is not None and whole is not None:
            found[number] = whole
    return found


def _as_number(step: Any) -> Any:
    try:
        return float(step) if isinstance(step, str) and len(step) < 20 else step
    except ValueError:
        return step


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
    "weights": _fields(
        suggested=_texts, small_profile=_fields(("key",), key=_key, always=_scalar, without_gpu=_scalar)
    ),
}
"""What each section is."""
