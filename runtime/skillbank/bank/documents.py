"""Reading YAML and JSON from skills that nobody vouches for: capped, and never surprising."""

from __future__ import annotations

import json
import marshal
import re
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from skillbank.bank.diagnostics import Repeated
from skillbank.bank.files import MAX_BYTES, read_file
from skillbank.bank.kept_documents import kept_documents
from skillbank.bank.plain_yaml import YamlError, load
from skillbank.errors import ConflictError, SkillFormatError
from skillbank.visible import one_line

MAX_DEPTH = 64
MAX_NODES = 100_000
"""Values of one document, its mappings and lists counted."""
MAX_DIGITS = 300
"""Digits of a whole number: more are more than a number of any program can hold (1e308)."""
_WORTH_KEEPING = 2000
"""Characters of a text that takes longer to parse than to look for."""
_LONG_NUMBER = re.compile(rf"[0-9]{{{MAX_DIGITS + 1}}}")


def text_of(content: bytes, where: str) -> str:
    """Return the text that a UTF-8 file holds, its lines ended as Unix ends them."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SkillFormatError(f"{where} is not UTF-8 but UTF-16; save it as UTF-8.")
    at = content.find(b"\0")
    if at >= 0:
        raise SkillFormatError(f"{where} is no text: byte {at} is NUL; save it as UTF-8.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise SkillFormatError(f"{where} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None


def read_text(path: Path) -> str:
    """Read a UTF-8 file of at most `MAX_BYTES`, links followed.

    The files of a skill are read by `skillbank.bank.folder.SkillFolder.read` alone, which keeps to its walls.
    """
    try:
        place = path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise SkillFormatError(f"{path} cannot be read: its name leads nowhere.") from None
    return text_of(read_file(place), str(path))


def parse_yaml(
    text: str, where: str, repeated: list[Repeated] | None = None, *, of_a_bank: bool = False
) -> Any:
    """Parse YAML of at most `MAX_DEPTH` levels, as parsing time grows steeply with depth.

    Aliases and merge keys are read under a budget (`skillbank.bank.yaml_anchors`), and so are values. Of a
    repeated key the last counts; ``repeated`` gets it.

    Parameters
    ----------
    of_a_bank
        Whether the text is a file of a bank, so that what it holds may be kept for the next process
        (`skillbank.bank.kept_documents`); what a person writes is never kept.
    """
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    records = kept_documents() if of_a_bank and len(text) >= _WORTH_KEEPING else None
    match records.get("yaml", text) if records is not None else None:
        case [document, list(keys)]:
            more = [(str(key), line) for key, line in keys]
        case _:
            document, more = _parsed(text, where)
            if records is not None:
                records.put("yaml", [document, more], text)
    if repeated is not None:
        repeated += more
    return document


def _parsed(text: str, where: str) -> tuple[object, list[Repeated]]:
    read = _read(text)
    if isinstance(read, YamlError):
        place = f"{where}:{read.line}" if read.line else where
        raise SkillFormatError(f"{place} is not valid YAML: {read}.")
    return marshal.loads(read[0]), list(read[1])


@lru_cache(maxsize=128)
def _read(text: str) -> tuple[bytes, tuple[Repeated, ...]] | YamlError:
    """Parse a text once for each process that reads it again and again; as bytes, so that nobody shares it.

    The bytes are made here and go nowhere. What is wrong with a text is returned, so that it is kept as well:
    one that is no YAML may take as long to read as one that is.
    """
    repeated: list[Repeated] = []
    try:
        document = load(text, MAX_DEPTH, repeated=repeated, most=MAX_NODES)
    except YamlError as error:
        return YamlError(str(error), error.line)  # a new one: that of the parser holds all that it had read
    return marshal.dumps(document), tuple(repeated)


def parse_said(text: str, where: str, *, as_json: bool = False) -> object:
    """Parse YAML, or JSON, that a person wrote into a request: nothing that was said is dropped.

    Raises
    ------
    ConflictError
        When a key is given twice.
    SkillFormatError
        For what is neither.
    """
    repeated: list[Repeated] = []
    document = (parse_json if as_json else parse_yaml)(text, where, repeated)
    if repeated:
        raise ConflictError(f"{one_line(text)} gives '{one_line(repeated[0][0])}' twice; keep one.")
    return document


def parse_json(text: str, where: str, repeated: list[Repeated] | None = None) -> object:
    """Parse JSON; the family's bare ``Infinity`` and ``NaN`` are read, callers decide about them.

    Of a repeated key the last counts; ``repeated`` gets it.

    Raises
    ------
    SkillFormatError
        For broken JSON, more than `MAX_DEPTH` levels or `MAX_NODES` values, whole numbers of more than
        `MAX_DIGITS` digits, and half surrogate pairs, which are no text.
    """
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    try:
        document = json.loads(
            text,
            parse_int=_whole_number if _LONG_NUMBER.search(text) else None,
            object_pairs_hook=None if repeated is None else partial(_mapping, repeated),
        )
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SkillFormatError(f"{where} is not valid JSON: it holds half of a surrogate pair.") from None
    except RecursionError:
        raise SkillFormatError(f"{where} is nested deeper than {MAX_DEPTH} levels; flatten it.") from None
    except ValueError as error:
        raise SkillFormatError(f"{where} is not valid JSON: {error}.") from None
    _refuse_large(document, where)
    return document


def _mapping(repeated: list[Repeated], pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        repeated += [(key[:40], None) for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return made


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a whole number has {len(digits)} digits, and {MAX_DIGITS} can be read")
    return int(digits)


def _refuse_large(document: object, where: str) -> None:
    level, count = [document], 0
    for _ in range(MAX_DEPTH + 1):
        count += len(level)
        if count > MAX_NODES:
            raise SkillFormatError(f"{where} holds more than {MAX_NODES} values; split it.")
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise SkillFormatError(f"{where} is nested deeper than {MAX_DEPTH} levels; flatten it.")


def read_yaml(path: Path) -> Any:
    """Read and parse one YAML file."""
    return parse_yaml(read_text(path), str(path))


def read_json(path: Path) -> object:
    """Read and parse one JSON file."""
    return parse_json(read_text(path), str(path))
