"""How a data set is divided, as it is said: "80/20", "20% for validation", "train, val (a fifth)"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from skillbank.plan.model import Question
from skillbank.plan.reader.data_forms import FRACTIONS, NUMBER, PART, SHARE
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["Division", "divided"]

_SPLITS = ("train", "val", "test")
_USUAL = "0.2"
"""The share of val where a sentence names it and gives none: the default of the skill."""


class Division(NamedTuple):
    """What is set of a division, what has to be asked, and what was decided."""

    settings: dict[str, str]
    questions: tuple[Question, ...] = ()
    notes: tuple[Sentence, ...] = ()


def divided(said: Mapping[str, Sequence[str]]) -> Division:
    """Return how a data set is divided.

    Parameters
    ----------
    said
        The texts of a line by name: ``ratio``, ``parts``, and ``off`` for a share that is taken off.
    """
    named = list(dict.fromkeys(name for text in said.get("parts", ()) for name, _ in _parts(text)))
    if unclear := tuple(_unclear(said, named)):
        return Division({}, unclear)
    shares = _shares(said, named)
    if not shares:
        return _unsaid(named)
    whole = _whole(shares)
    if whole is None or "train" not in shares or min(shares.values()) <= 0:
        why = "the shares must be of train and the other splits, and be 100 % together"
        asked = Question(key="split.val", why=f"{why}; say for example {option('set', 'val=0.2')}")
        return Division({}, (asked,))
    if missing := [name for name in named if name not in shares]:
        return Division({}, tuple(_how_much(name) for name in missing))
    parts = {f"split.{n}": f"{round(shares[n] / whole, 6):g}" for n in ("val", "test") if n in shares}
    return Division(parts | ({} if "val" in shares else {"split.val": ""}))


def _unclear(said: Mapping[str, Sequence[str]], named: Sequence[str]) -> Iterator[Question]:
    """Yield a question about shares that are none, or that are not those of the splits that are named."""
    if named and (ratio := "".join(said.get("ratio", ()))) and len(_numbers(ratio)) != len(named):
        told = " and ".join(named)
        yield Question(
            key="split.val",
            why=f"'{one_line(ratio, 40)}' is not of {told}; say for example {option('set', 'val=0.1')}",
        )
    for off in said.get("off", ()):
        name = next(iter(named), "val")
        if not named:
            yield Question(
                key="split.val",
                why=f"what is '{one_line(off, 40)}' for? say for example {option('set', 'val=0.1')}",
            )
        elif not re.fullmatch(SHARE, off):
            yield Question(
                key=f"split.{name}",
                why=f"'{one_line(off, 40)}' is no share of the pictures; say for example "
                f"{option('set', f'{name}=0.1')}",
            )


def _unsaid(named: Sequence[str]) -> Division:
    """Return a division whose shares nobody said: val has its usual one, where it is named alone."""
    if "test" in named or not named:
        return Division({}, tuple(_how_much(name) for name in named or ["val"] if name != "train"))
    note = Sentence(
        f"nothing says how much is for val, so {_USUAL} of it is; {option('set', 'val=0.1')} changes it"
    )
    return Division({}, notes=(note,))


def _how_much(name: str) -> Question:
    return Question(
        key=f"split.{name}",
        why=f"how much is for {name}? say for example {option('set', f'{name}=0.1')}",
    )


def _shares(said: Mapping[str, Sequence[str]], named: Sequence[str]) -> dict[str, float]:
    """Return the shares as they were said, by split; train, or the one that has none, has what is left.

    Of "20 for validation" nobody knows whether it is pictures or percent, and what is left.
    """
    if ratio := "".join(said.get("ratio", ())):
        numbers = _numbers(ratio)
        return dict(zip(named or _SPLITS[: len(numbers)], numbers, strict=True))
    parts, off = " ; ".join(said.get("parts", ())), "".join(said.get("off", ()))
    each = {name: share for name, share in _parts(parts) if share}
    of_100 = sum(map(_amount, each.values())) == 100  # "train 60, val 20, test 20 percent"
    shares = {name: _amount(share) / 100 if of_100 else _part(share) for name, share in each.items()}
    shares |= {name: _part(off) for name in named[:1]} if off else {}
    left, lacking = 1 - sum(shares.values()), [name for name in named if name not in shares]
    rest = lacking[0] if "train" in shares and len(lacking) == 1 else "train"
    return {rest: left} | shares if shares and left > 1e-6 else shares


def _numbers(ratio: str) -> list[float]:
    """Return the numbers of "80/20"."""
    return [_amount(each) for each in re.split(r"(?<=[\w% ])[/:-]", ratio.strip("( )"))]


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the splits of "20% for validation and test (a tenth)", each with its share, "" without one."""
    for match in re.finditer(PART, text):
        role = match["role"] or match["named"]
        name = next(split for split in _SPLITS if role.startswith(split[:2] if split != "val" else "v"))
        yield name, match["share"] or match["its"] or ""


def _part(share: str) -> float:
    """Return what a share is of the whole, as far as it says it: "20 %" is .2, and "20" may be anything."""
    return _amount(share) / (100 if "%" in share or "per" in share else 1)


def _amount(share: str) -> float:
    """Return the number of a share: "20 %" has 20, "a fifth" .2."""
    if number := re.search(NUMBER, share):
        return float(number[0])
    return 1 / next(parts for word, parts in FRACTIONS.items() if word in share)


def _whole(shares: Mapping[str, float]) -> float | None:
    """Return what shares are parts of: 100, 10 or 1; None where they are parts of nothing."""
    total = sum(shares.values())
    return next((whole for whole in (100.0, 10.0, 1.0) if abs(total - whole) < 1e-6), None)
