"""Reading YAML and JSON from skills that nobody vouches for: capped, and never surprising."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillbank.bank.plain_yaml import YamlError, load
from skillbank.errors import SkillFormatError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64


def read_text(path: Path) -> str:
    """Read a UTF-8 file of at most `MAX_BYTES`.

    Raises
    ------
    SkillFormatError
        When the file is missing, too large, not UTF-8 or no text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SkillFormatError(f"{path} is larger than {MAX_BYTES >> 20} MiB; split it.")
        content = path.read_bytes()
    except OSError as error:
        raise SkillFormatError(f"{path} cannot be read: {error.strerror or error}.") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SkillFormatError(f"{path} is not UTF-8 but UTF-16; save it as UTF-8.")
    at = content.find(b"\0")
    if at >= 0:
        raise SkillFormatError(f"{path} is no text: byte {at} is NUL; save it as UTF-8.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise SkillFormatError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None


def parse_yaml(text: str, where: str) -> Any:
    """Parse YAML of at most `MAX_DEPTH` levels, as parsing time grows steeply with depth.

    Aliases and merge keys are read under a budget (`skillbank.bank.yaml_anchors`).
    """
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    try:
        return load(text, MAX_DEPTH)
    except YamlError as error:
        place = f"{where}:{error.line}" if error.line else where
        raise SkillFormatError(f"{place} is not valid YAML: {error}.") from None


def parse_json(text: str, where: str) -> Any:
    """Parse JSON; the family's bare ``Infinity`` and ``NaN`` are read, callers decide about them."""
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SkillFormatError(f"{where} is not valid JSON: {error}.") from None
    if _deeper_than(document, MAX_DEPTH):
        raise SkillFormatError(f"{where} is nested deeper than {MAX_DEPTH} levels; flatten it.")
    return document


def _deeper_than(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def read_yaml(path: Path) -> Any:
    """Read and parse one YAML file."""
    return parse_yaml(read_text(path), str(path))


def read_json(path: Path) -> Any:
    """Read and parse one JSON file."""
    return parse_json(read_text(path), str(path))


@lru_cache(maxsize=256)
def _line_starts(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def line_of(text: str, needle: str) -> int | None:
    """Return the 1-based line of the first line that holds `needle`, for diagnostics."""
    return next((i for i, line in enumerate(_line_starts(text), 1) if needle in line), None)
