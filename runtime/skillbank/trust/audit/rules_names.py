"""Rules on names: what a skill calls itself, and what it answers to beside that."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.discovery import normalise
from skillbank.bank.lookalikes import skeleton
from skillbank.trust.audit.evidence import Evidence, Neighbour
from skillbank.trust.audit.finding import Hit, Level, hit_in, rule
from skillbank.visible import has_invisible, one_line

__all__: list[str] = []

_SHORTEST = 8
"""Shorter names are near each other by chance."""


def _others(evidence: Evidence) -> Iterator[Neighbour]:
    for other in evidence.neighbours:
        if other.root != evidence.root and other.name != evidence.name:
            yield other


def _named(message: str, excerpt: str, level: Level | None = None) -> Hit:
    """Return a hit at the name in the head of SKILL.md."""
    return Hit("SKILL.md", f"{message}.", 2, "name", excerpt, level)


@rule(
    "name-claimed", "HIGH", "tricks", "It answers to the name of another skill",
    "Remove the alias, or ask for skills by bank:skill.",
)  # fmt: skip
def claimed(evidence: Evidence) -> Iterator[Hit]:
    """Find aliases that other skills are called by."""
    others = tuple(_others(evidence))
    for alias, field, file in evidence.answers_to:
        if file is None or field is None:
            continue
        spelling, look = normalise(alias), skeleton(alias)
        for other in others:
            same = spelling in other.spellings
            if same or look in other.looks:
                yield hit_in(
                    file,
                    field,
                    f"this name {'is' if same else 'looks like'} one of '{one_line(other.name)}' in the bank "
                    f"{one_line(other.bank)}",
                    alias,
                    _level_of_claim(evidence, other, same, field.key == "network_arch"),
                )
                break


def _level_of_claim(evidence: Evidence, other: Neighbour, same: bool, architecture: bool) -> Level:
    """Say how bad it is to answer to another's name, the same or one that only looks like it.

    One architecture has several skills in good faith; only our own names are nobody else's.
    """
    if same and architecture and not other.own:
        return "LOW"
    return "HIGH" if not same or (other.own and not _is_copy(evidence, other)) else "MEDIUM"


def _is_copy(evidence: Evidence, other: Neighbour) -> bool:
    """Whether both belong to one family: a skill's name that holds the other's."""
    return evidence.name.endswith(other.name) or other.name.endswith(evidence.name)


@rule(
    "name-looks-alike", "HIGH", "tricks", "Its name can be taken for another skill's",
    "Check which of the two you mean; ask by bank:skill.",
)  # fmt: skip
def looks_alike(evidence: Evidence) -> Iterator[Hit]:
    """Find names that differ from another's only for a machine."""
    if evidence.head is None:
        return
    named = evidence.head.raw.get("name")
    own = named.strip() if isinstance(named, str) else evidence.name
    if has_invisible(own) or not own.isascii():
        yield _named("the name holds letters that are no plain ones", own)
    for other in evidence.neighbours:
        if other.root == evidence.root or normalise(other.name) == normalise(own):
            continue
        if skeleton(other.name) == skeleton(own):
            yield _named(
                f"the name looks like '{one_line(other.name)}' of the bank {one_line(other.bank)}", own
            )
        elif len(own) >= _SHORTEST and other.bank != "" and _one_slip(normalise(other.name), normalise(own)):
            yield _named(
                f"the name is one letter away from '{one_line(other.name)}'",
                own,
                "HIGH" if other.own else "MEDIUM",
            )


@rule(
    "name-taken", "MEDIUM", "tricks", "Another bank has a skill of this name",
    "Ask by bank:skill; the plan says which one it is.",
)  # fmt: skip
def taken(evidence: Evidence) -> Iterator[Hit]:
    """Find names that exist twice."""
    for other in evidence.neighbours:
        if other.root != evidence.root and other.name == evidence.name:
            yield _named(f"the bank {one_line(other.bank)} has a skill of this name", evidence.name)
            return


@rule(
    "name-folder", "MEDIUM", "tricks", "Its name is not that of its folder",
    "Rename one of them: a signature or a list may mean the other.",
)  # fmt: skip
def folder(evidence: Evidence) -> Iterator[Hit]:
    """Find skills whose folder says another name."""
    if evidence.head is not None and evidence.head.name != evidence.root.name:
        yield _named(f"the folder is called '{one_line(evidence.root.name)}'", evidence.head.name)


def _one_slip(one: str, other: str) -> bool:
    """Whether two names differ by one letter that is left out, added, changed or swapped; digits do not count."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    left, right = one[start:], other[start:]
    if any(c.isdigit() for c in left[:1] + right[:1]):
        return False
    swapped = left[:2] == right[1::-1][:2] and left[2:] == right[2:] and len(left) > 1
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped
