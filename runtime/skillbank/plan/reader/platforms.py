"""Where a request says to run: a platform by its name, and one that is said not to be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from skillbank.errors import ConflictError
from skillbank.plan.model import Question
from skillbank.plan.reader.belonging import addressed_step, is_bound
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plugins import Group, names
from skillbank.ways import Sentence, option

__all__ = ["PLATFORM", "platforms_of", "ruled_out", "take_image", "take_platforms"]

PLATFORM = "platform"
"""Key of the question about where a request is to run."""

_REGISTRY = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/")
_PLATFORMS = {name: f"places.platform.{name} places.platform.around?" for name in names(Group.PLATFORMS)}


def take_platforms(page: Text) -> None:
    """Account for platforms; one that is said not to be meant is none."""
    between = "free.glue|free.light|places.platform.around*"
    refusing = f"operator.not|operator.instead {between}"
    for name, placed in _PLATFORMS.items():
        for lead in phrases("exclusions.leads"):
            for match in page.find(f"{lead} {between} {placed}"):
                page.ledger.claim("refused", match.tokens(), name)
        for match in page.find(f"{refusing} {placed}"):
            if not any(page.tokens[i].text in ("but", "though", "however") for i in match.tokens()):
                page.ledger.claim("refused", match.tokens(), name)
    sending = (
        "'platform|'backend|'runner ':|'=|'is|'to*",
        "'send|'submit|'bring|'move|'hand group.it 'to|'over* group.det*",
        "'on|'in|'to|'over group.det|'gpu|'compute* places.platform.around",
    )
    for name, placed in _PLATFORMS.items():
        for lead in sending:
            for match in page.find(f"{lead} {placed}"):
                page.ledger.claim("platform", match.tokens(), name)
        for match in page.find(f"free.glue* {placed}"):
            words = [i for i in match.tokens() if page.ledger.free(i)]
            page.ledger.claim("platform", words[-(match.end - match.first) :], name)
    if page.ledger.of("platform"):
        _take_here(page)
        _take_around(page)
        _take_local_containers(page)


def _take_around(page: Text) -> None:
    """Account for "it should run on this computer", and for "no cluster" beside this machine."""
    modal = "w='should|'must|'shall|'will w='run|'happen|'work|'be"
    running = f"'it|'this|'that|'which|'they|'everything {modal} &^platform"
    for match in page.find(running):
        page.ledger.claim("context", match.tokens("w"))
    here = all(claim.value == "local" for claim in page.ledger.of("platform"))
    for match in page.find("operator.not group.det* 'cluster") if here else ():
        page.ledger.claim("context", match.tokens())


_BESIDE = frozenset(
    {",", "(", "in", "on", "inside", "within", "with", "using", "via", "through", "a", "the", "here"}
)


def _take_local_containers(page: Text) -> None:
    """Take "docker on this machine" for docker, whose containers run here; with "and" they are two."""
    said = sorted(page.ledger.of("platform"), key=lambda claim: claim.first)
    for one, two in pairwise(said):
        between = page.words(range(one.last + 1, two.first))
        led = page.word(two.first) in _BESIDE or (bool(between) and between[-1] != ",")
        two_things = not {"and", "or", "but"}.isdisjoint(page.words((*one.tokens, *two.tokens)))
        joined = _BESIDE.issuperset(between) and (led or not between) and not two_things
        for here, other in ((one, two), (two, one)) if joined else ():
            if here.value == "local" and page.lexicon.has(other.value, "told.at_hand"):
                page.ledger.replace(here, "platform", other.value)


def platforms_of(page: Text, steps: Sequence[Step]) -> tuple[list[str | None], list[str]]:
    """Return where each step runs, as its words say, and what was decided where they leave room.

    One platform is that of all steps, but where it is said to be for one of them ("the export on slurm").
    Of several each step has its own, else that of the steps it was said with, else of the step before it.

    Raises
    ------
    ConflictError
        When a step has two platforms, or is before the first that has one.
    """
    claims = page.ledger.of("platform")
    said = list(dict.fromkeys(c.value for c in claims))
    two = f"The request names two platforms, {' and '.join(said[:2])}"
    if len(said) > 1 and len(steps) == 1:
        raise ConflictError(f"{two}; keep one of them.")
    if not said or len(steps) == 1:
        return [next(iter(said), None)] * len(steps), []
    return _of_all(page, steps, claims) if len(said) == 1 else _of_each(steps, two)


def _of_all(page: Text, steps: Sequence[Step], claims: list[Claim]) -> tuple[list[str | None], list[str]]:
    """Return the one platform for all steps, or for those that it is said to be for."""
    where = str(claims[0].value)
    meant = [addressed_step(page, steps, claim) for claim in claims]
    if all(meant):
        return [where if step in meant else None for step in steps], []
    later = (s for s in steps if s.group != steps[0].group)
    behind = [s.action for s in later if any(is_bound(page, s, c) for c in s.of("platform"))]
    told = f"all steps are taken to run on {where}, though it is said behind {' and '.join(behind)}"
    return [where] * len(steps), [told] if behind else []


def _of_each(steps: Sequence[Step], two: str) -> tuple[list[str | None], list[str]]:
    """Return the platform of each step; ``two`` begins the refusal where the first has none."""
    found, notes = list[str | None](), list[str]()
    for step in steps:
        with_it = (s for s in steps if s.group == step.group)
        own = _own_of(step) or next(filter(None, map(_own_of, with_it)), None)
        if own is None and not found:
            raise ConflictError(
                f"{two}, and none for {step.action}, which comes before; say where that runs."
            )
        if own is None:
            notes.append(f"{step.action} is taken to run on {found[-1]}, as the step before it does")
        found.append(own or found[-1])
    return found, notes


def _own_of(step: Step) -> str | None:
    """Return the platform that is said of a step."""
    own = list(dict.fromkeys(c.value for c in step.of("platform")))
    if len(own) > 1:
        raise ConflictError(
            f"The request names two platforms for {step.action}, {' and '.join(own[:2])}; keep one of them."
        )
    return str(own[0]) if own else None


def _take_here(page: Text) -> None:
    """Account for "here" of a step where a platform is named for another: two that exclude each other.

    "here on slurm" is that platform, and "the data here" says nothing of a run.
    """
    for match in page.find("'here !'is|'are|'was|':"):
        i = match.first
        before = i > 0 and (
            page.tokens[i - 1].kind in ("name", "place")
            or page.tokens[i - 1].text in ("it", "them", "both", "then", "right")
            or any(each.startswith("actions.") for each in page.classes[i - 1])
        )
        if before and page.ledger.free(i) and page.owner(i + 1) != "platform":
            page.ledger.claim("platform", [i], "local")


def take_image(page: Text) -> None:
    """Account for an image of containers; several, and one that is not meant, are left to a question."""
    found = [i for i, token in enumerate(page.tokens) if token.kind == "image" or _is_untagged(page, i)]
    between = "free.glue|free.light|free.adjective|places.platform.around*"
    refusing = f"operator.not|operator.instead {between} @image|@place"
    refused = {i for match in page.find(refusing) for i in match.tokens()}
    if len(found) == 1 and found[0] not in refused:
        page.ledger.claim("image", found, page.ledger.said(found))


def _is_untagged(page: Text, i: int) -> bool:
    """Whether a place is an image without a tag: "image nvcr.io/team/name", its registry first."""
    led = i > 0 and page.tokens[i - 1].text in ("image", "container")
    return led and page.tokens[i].kind == "place" and _REGISTRY.match(page.ledger.said([i])) is not None


def ruled_out(page: Text, steps: Sequence[Step], platforms: Sequence[str | None]) -> Question | None:
    """Return the question about where to run instead; its choices are the platforms that answer it."""
    claims = [
        c for c in page.ledger.of("refused")
        if c.value in _PLATFORMS and platforms[_before(steps, c)] in (None, c.value)
    ]  # fmt: skip
    if not claims:
        return None
    out = {c.value for c in claims}
    said = ", ".join(f"'{page.ledger.said(c.tokens)}'" for c in claims)
    left = tuple(Sentence(f"{option('platform', name)}") for name in _PLATFORMS if name not in out)
    return Question(key=PLATFORM, why=f"{said} says where it is not to run; say where it is", choices=left)


def _before(steps: Sequence[Step], claim: Claim) -> int:
    """Return which step a claim stands behind, the first where it is behind none."""
    return max((i for i, s in enumerate(steps) if s.at < claim.first), key=lambda i: steps[i].at, default=0)
