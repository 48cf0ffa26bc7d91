r"""Classes as people write them: ``class = caption | caption | not caption``.

- A text without ``=`` is a class that is found by its own name. ``|`` stands between captions; a caption
  after ``not`` says what a class is taken for and is not.
- A new line separates classes, and so does a full stop that stands alone, as between descriptions.
- In a file (YAML) a class is a key: ``exit: red exit sign | not poster``, or a list of captions, or a
  mapping with ``captions``, ``not`` and ``threshold``, where captions stand as they are. A file may also be
  a list of such texts.

What is wrong with any of them is said at once: what two classes would both find, or nobody could.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.diagnostics import Repeated
from skillbank.bank.documents import MAX_DEPTH, read_text
from skillbank.bank.plain_yaml import YamlError, load
from skillbank.descriptions import same, split_text
from skillbank.errors import DataError, SkillFormatError, UsageError, did_you_mean
from skillbank.sets.model import ClassSpec
from skillbank.sets.written import Written, quoted, wrong_among, wrong_with
from skillbank.visible import one_line
from skillbank.ways import Sentence, marked, option

__all__ = ["Ontology", "line_of", "read_classes"]

_NOT = re.compile(r"not(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_DENIED = re.compile(r"(?:,|;|\bbut|\band)\s*not\b", re.IGNORECASE)
_ARROW = re.compile(r"[:=\-]>|:=|==|\u2192|\u21d2")
_FOREIGN_SIGNS = {"\uff1d": "=", "\ufe66": "=", "\uff5c": "|", "\u00a6": "|", "\u2502": "|", "\u2223": "|"}
_COLON = re.compile(r"[^\s:/]+(?: [^\s:/]+)*\s*:\s")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_KEYS = ("captions", "not", "threshold")


@dataclass(frozen=True, slots=True)
class Ontology:
    """Classes in the order in which they were written, and sentences on what may be meant otherwise."""

    classes: tuple[ClassSpec, ...]
    notes: tuple[str, ...] = ()


def read_classes(texts: Sequence[str] = (), file: Path | None = None) -> Ontology:
    """Read classes from texts, from a YAML file, or from both.

    Raises
    ------
    UsageError
        When there is no class, or something is wrong with some of them: one sentence each.
    DataError
        When the file cannot be read.
    """
    faults: list[str] = []
    read = [made for text in texts for made in _of_text(text, faults)]
    if file is not None:
        read += _of_file(file, faults)
    if not read and not faults:
        raise UsageError(
            "There is no class; say what to find, as in 'exit = red exit sign | green exit sign'."
        )
    for each in read:
        faults += wrong_with(each)
    faults += wrong_among(read)
    if faults:
        raise UsageError("\n".join(map(marked, dict.fromkeys(faults))))
    classes = tuple(
        ClassSpec(
            name=each.name,
            captions=tuple(each.captions),
            not_captions=tuple(each.nots),
            threshold=each.threshold,
        )
        for each in read
    )
    return Ontology(classes, tuple(_notes(read)))


def line_of(spec: ClassSpec) -> str:
    """Return a class as it is written on a command line, without its threshold."""
    if not spec.not_captions and spec.captions == (spec.name,):
        return spec.name
    return f"{spec.name} = {' | '.join([*spec.captions, *(f'not {each}' for each in spec.not_captions)])}"


# -- texts -------------------------------------------------------------------------------------------------


def _of_text(text: str, faults: list[str]) -> Iterator[Written]:
    if not split_text(text):
        faults.append("A class is empty; write its name, or NAME = caption | caption.")
    for line in text.splitlines():
        parts = split_text(line)
        if len(parts) > 1 and "=" in line and not all("=" in part for part in parts):
            faults.append(
                f"'{one_line(line)}' holds a full stop with blanks around it, which stands between classes; "
                "put | between the captions of one class, and NAME = before those of each."
            )
            continue
        for part in parts:
            made = _of_part(part, faults)
            if made is not None:
                yield made


def _of_part(part: str, faults: list[str]) -> Written | None:
    """Read one class; None when what was written could be nothing or several things."""
    said = f"'{one_line(part)}'"
    if fault := _misspelled(part, said):
        faults.append(fault)
        return None
    name, sign, rest = (piece.strip() for piece in part.partition("="))
    if not sign:
        return Written(said, name, [name])
    if not name:
        faults.append(f"{said} has no name before the =; write NAME = caption | caption.")
        return None
    made = Written(said, name)
    _take(made, rest, faults)
    return made


def _misspelled(part: str, said: str) -> str | None:
    """Return what is wrong with the signs of a text."""
    for sign, meant in _FOREIGN_SIGNS.items():
        if sign in part:
            return f"{said} holds {sign}, which is no {meant}; write {meant}."
    if part[0] in _DASHES:
        return f"{said} begins with a dash as an option does; write the option, or another name."
    if _ARROW.search(part):
        return f"{said} holds an arrow or a double sign; write NAME = caption | caption."
    if part.count("=") > 1:
        return Sentence(
            f"{said} holds more than one =; write each class by itself, or a caption that holds = in a file "
            f"({option('classes')})."
        )
    if "=" in part:
        return None
    if "|" in part:
        return f"{said} has captions and no name; write NAME = {one_line(part)}."
    if _NOT.fullmatch(part):
        return f"{said} says only what is not meant; write NAME = caption | {one_line(part)}."
    if _COLON.match(part):
        return f"{said} has a colon where = belongs; write NAME = caption, or its words without the colon."
    return None


def _take(made: Written, text: str, faults: list[str]) -> None:
    """Read captions with ``|`` between them."""
    if not text:
        faults.append(f"{made.where} has no caption behind the =; write what {quoted(made)} looks like.")
        return
    for piece in text.split("|"):
        plain = " ".join(piece.split()).rstrip(". ")
        denied = _NOT.fullmatch(plain)
        caption = (denied[1] or "") if denied else plain
        if not same(caption):
            what = "a 'not' with nothing behind it" if denied else "an empty caption"
            faults.append(f"{made.where} holds {what}; write words there, or take the | away.")
        else:
            (made.nots if denied else made.captions).append(caption)


# -- files -------------------------------------------------------------------------------------------------


def _of_file(path: Path, faults: list[str]) -> Iterator[Written]:
    repeated: list[Repeated] = []
    try:
        document = load(read_text(path), MAX_DEPTH, repeated=repeated)
    except YamlError as error:
        place = f"{path}:{error.line}" if error.line else str(path)
        raise DataError(f"{place} is no list of classes in YAML: {error}.") from None
    except SkillFormatError as error:
        raise DataError(error.sentence) from None
    if repeated:
        key, line = repeated[0]
        raise DataError(
            f"{path}:{line} is no list of classes in YAML: the key '{one_line(key)}' is repeated."
        )
    if isinstance(document, Mapping) and document:
        for name, value in document.items():
            yield from _of_entry(path, name, value, faults)
    elif isinstance(document, list) and document:
        for number, text in enumerate(document, 1):
            if isinstance(text, str):
                yield from _of_text(text, faults)
            else:
                faults.append(
                    f"Entry {number} of {path} is no text; write - NAME = caption | caption, or make "
                    "the file a mapping of names."
                )
    else:
        raise DataError(f"{path} holds no class; write NAME: caption | caption, one a line.")


def _of_entry(path: Path, name: object, value: object, faults: list[str]) -> Iterator[Written]:
    said = f"'{one_line(name)}' in {path}"
    if not isinstance(name, str):
        faults.append(f"The name {one_line(name)} in {path} is no text in YAML; put it in quotes.")
        return
    made = Written(said, " ".join(name.split()))
    if value is None:
        made.captions.append(made.name)
    elif isinstance(value, str):
        _take(made, value, faults)
    elif isinstance(value, list):
        for piece in _texts(value, said, faults):
            if "|" in piece:
                faults.append(f"{said} holds a | inside of a list; make each caption an entry of its own.")
            else:
                _take(made, piece, faults)
    elif isinstance(value, Mapping):
        _of_mapping(made, value, faults)
    else:
        faults.append(f"{said} is {one_line(value)}, which is no caption; put text in quotes.")
        return
    yield made


def _of_mapping(made: Written, value: Mapping[object, object], faults: list[str]) -> None:
    for key in value:
        if key not in _KEYS:
            near = did_you_mean(str(key), _KEYS)
            faults.append(f"{made.where} has no key {one_line(key, 40)}{near}; there are {', '.join(_KEYS)}.")
    for key, into in (("captions", made.captions), ("not", made.nots)):
        given = value.get(key)
        for piece in _texts([given] if isinstance(given, str) else given, made.where, faults):
            plain = " ".join(piece.split()).rstrip(". ")
            if not same(plain):
                faults.append(f"{made.where} holds an empty caption under {key}; write words there.")
            elif _NOT.fullmatch(plain):
                faults.append(
                    f"{made.where} holds '{one_line(plain)}' under {key}; what is not meant stands under "
                    "not, without the word."
                )
            else:
                into.append(plain)
    if "captions" not in value:
        made.captions.append(made.name)
    threshold = value.get("threshold")
    if threshold is None:
        return
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        faults.append(f"{made.where} has the threshold {one_line(threshold)}; give a number from 0 to 1.")
    else:
        made.threshold = float(threshold)


def _texts(value: object, said: str, faults: list[str]) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        faults.append(f"{said} holds {one_line(value)} where captions belong; write a list of texts.")
        return []
    for each in value:
        if not isinstance(each, str):
            faults.append(f"{said} holds {one_line(each)}, which is no text in YAML; put it in quotes.")
    return [each for each in value if isinstance(each, str)]


def _notes(read: Sequence[Written]) -> Iterator[str]:
    for each in read:
        for caption in each.captions:
            if _DENIED.search(caption):
                yield (
                    f"'{one_line(caption)}' was taken as one caption of {quoted(each)}; to take away what is "
                    "not meant, write | not and what it is."
                )
