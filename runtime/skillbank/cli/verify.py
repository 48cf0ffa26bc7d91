"""``skillbank verify [SKILL|BANK]``: whether skills are what a known signer signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.errors import a_few
from skillbank.trust.anchors import Anchor, pinned, read_file
from skillbank.trust.checking import targets, verify_all
from skillbank.trust.verify import STATES
from skillbank.visible import visible

if TYPE_CHECKING:
    from skillbank.trust.verify import Verification

_MOST_ALIKE, _MOST_NAMES = 3, 40
_ALWAYS_BAD = frozenset({"broken", "unknown_signer", "expired", "changed"})


def verify(
    subject: Annotated[
        str | None,
        typer.Argument(metavar="SKILL|BANK", help="A name, or a folder; default: all banks in use."),
    ] = None,
    anchors: Annotated[
        list[Path] | None,
        typer.Option(
            "--anchor",
            metavar="FILE",
            help="Certificates (PEM) to verify under, instead of the pinned ones; may be repeated.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit 1 also for skills of a bank that are unsigned or put back to an older version.",
        ),
    ] = False,
    as_json: options.Json = False,
    bank: options.Banks = None,
) -> None:
    """Check signatures and contents of skills; exit 1 unless all is as it was signed."""
    chosen = [Anchor(c, file) for file in anchors for c in read_file(file)] if anchors else pinned()
    with options.open_runtime(bank) as runtime:
        asked = targets(runtime.library, subject)
    found, notes = verify_all(asked.skills, [a.certificate for a in chosen])
    if as_json:
        options.print_json(
            {
                "skills": [v.document() for v in found],
                "states": dict(Counter(v.state for v in found)),
                "anchors": [a.document() for a in chosen],
                "notes": [visible(note) for note in notes],
                "revocation": "not checked",
            }
        )
    else:
        _print(found, bool(chosen))
        for note in notes:
            terminal.say(f"note: {visible(note)}")
    if any(_fails(v, strict, asked.one_skill) for v in found):
        raise typer.Exit(1)


def _fails(found: Verification, strict: bool, one_skill: bool) -> bool:
    if found.state in _ALWAYS_BAD or found.was_signed:
        return True
    return (found.state == "unsigned" and (strict or one_skill)) or (strict and found.rolled_back)


def _print(found: Sequence[Verification], any_anchor: bool) -> None:
    for bank in dict.fromkeys(v.bank for v in found):
        _print_bank(bank, [v for v in found if v.bank == bank], alone=len(found) == 1)
    if not any_anchor:
        terminal.say("no anchor is pinned, so no signer is known: skillbank trust anchor add FILE")
    if any(v.state != "unsigned" for v in found):
        terminal.say("revocation is not checked")


def _print_bank(bank: str, here: Sequence[Verification], *, alone: bool) -> None:
    """Print how the skills of a bank stand: those that are verified by their number."""
    counts = Counter(v.state for v in here)
    said = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    terminal.say(f"{visible(bank)}: {said}")
    bare = [v for v in here if v.state == "unsigned" and not v.notes]
    if len(bare) > _MOST_ALIKE:
        few = a_few([visible(v.skill) for v in bare], _MOST_NAMES)
        terminal.say(f"  unsigned, so nobody vouches for them: {few}")
        here = [v for v in here if v not in bare]
    for skill in here:
        _print_skill(skill, alone=alone)


def _print_skill(skill: Verification, *, alone: bool) -> None:
    if skill.state != "verified" or skill.notes or alone:
        terminal.say(f"  {visible(skill.skill)}: {skill.state}: {skill.sentence}")
    for note in skill.notes:
        terminal.say(f"    note: {note}")
