"""Where a request says to run: a platform by its name, and one that is said not to be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from skillbank.errors import ConflictError
from skillbank.plan.model import Question
from skillbank.plan.reader.belonging import addressed_step, is_bound
from skillbank.plan.reader.finding import FINDERS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plugins import Group, names
from skillbank.ways import Sentence, option

__all__ = ["PLATFORM", "platforms_of", "ruled_out", "take_image", "take_platforms"]

PLATFORM = "platform"
"""Key of the question about where a request is to run."""

_REGISTRY = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/")
_NAMES = names(Group.PLATFORMS)
_BESIDE = frozenset(
    {",", "(", "in", "on", "inside", "within", "with", "using", "via", "through", "a", "the", "here"}
)
_BEFORE_HERE = frozenset({"it", "them", "both", "then", "right"})


def take_platforms(page: Text) -> None:
    """Account for platforms; one that is said not to be meant is none."""
    excluded = phrase("platforms.excluded")
    for lead in phrases("exclusions.leads"):
        for name, match in _named(page, f"{lead} {excluded}"):
            page.ledger.claim("refused", match.tokens(), name)
    for name, match in _named(page, *phrases("platforms.not_meant")):
        if {"but", "though", "however"}.isdisjoint(page.words(match.tokens())):
            page.ledger.claim("refused", match.tokens(), name)
    for name, match in _named(page, *phrases("platforms.sending")):
        page.ledger.claim("platform", match.tokens(), name)
    for name, match in _named(page, *phrases("platforms.plain")):
        if _is_sought(page, match):
            continue
        words = [i for i in match.tokens() if page.ledger.free(i)]
        page.ledger.claim("platform", words[-(match.end - match.first) :], name)
    if page.ledger.of("platform"):
        _take_beside(page)
        _take_local_containers(page)


def _is_sought(page: Text, match: Match) -> bool:
    """Whether a platform's name is that of a thing to be found: "find docker containers in X"."""
    bare = all(page.kind(i) == "word" and not page.within(i, "grammar.group.prep") for i in match.tokens())
    return bare and page.word(match.first - 1) in FINDERS and page.kind(match.end) == "word"


def _named(page: Text, *sources: str) -> Iterator[tuple[str, Match]]:
    """Yield where patterns with the name of a platform are found."""
    for name in _NAMES:
        for source in sources:
            placed = f"places.platform.{name} places.platform.around?"
            yield from ((name, m) for m in page.find(source.replace("PLATFORM", placed)))


def _take_beside(page: Text) -> None:
    """Account for what is said beside a platform: "here", "it should run on", and "no cluster" beside here.

    "Here" of a step where a platform is named for another is a second one, and both exclude each other.
    """
    for match in list(page.phrases("platforms.here")):
        if _is_where(page, match.first) and page.ledger.free(match.first):
            page.ledger.claim("platform", [match.first], "local")
    for match in list(page.phrases("platforms.running")):
        page.ledger.claim("context", match.tokens("w"))
    for claim in page.ledger.of("platform"):
        if _sits_there(page, claim):
            page.ledger.withdraw(claim)
        elif _is_of_others(page, claim):
            page.ledger.replace(claim, "unread")
    here = all(claim.value == "local" for claim in page.ledger.of("platform"))
    for match in list(page.phrases("platforms.no_cluster")) if here else ():
        page.ledger.claim("context", match.tokens())


def _is_where(page: Text, i: int) -> bool:
    """Whether a "here" stands behind what is to be done: "train X here"."""
    led = page.kind(i - 1) in ("name", "place") or page.word(i - 1) in _BEFORE_HERE
    return led or (i > 0 and any(each.startswith("actions.") for each in page.classes[i - 1]))


def _is_of_others(page: Text, claim: Claim) -> bool:
    """Whether a platform is where data lie, what a run is like, or only asked: "the data is on slurm"."""
    first, last = claim.first - (page.word(claim.first) not in _LYING), claim.last
    data = page.within(first - 1, "places.data.nouns", "places.weights.before")
    lies = page.word(first) in _LYING and (data or page.owner(first - 1) == "place")
    like = {page.word(claim.first - 1), page.word(claim.first), page.word(last + 1), page.word(last + 2)}
    polite = page.holds(page.sentence(claim.first), "grammar.courtesy.unsure", "grammar.courtesy.words")
    asked = page.kind(claim.first - 1) == "mark" and page.word(last + 1) == "?" and not polite
    opening = page.word(claim.first - 1), page.word(claim.first), page.word(claim.first + 1)
    alike = "as" in opening[:2] and {"a", "an"}.isdisjoint(opening)  # but "as a Slurm job"
    return lies or asked or alike or "like" in like


def _sits_there(page: Text, claim: Claim) -> bool:
    """Whether a platform is where somebody is: "so I'm on the laptop"."""
    return any(page.unread().match(_PRESENT, k) is not None for k in range(claim.first - 2, claim.last))


_PRESENT = "'i|'we|'he|'she 'am|'are|'is|'was|'were|'sit|'type|'write"
_LYING = frozenset({"is", "are", "lies", "lie", "sits", "lives", "stays"})


def _take_local_containers(page: Text) -> None:
    """Take "docker on this machine" for docker, whose containers run here; with "and" they are two."""
    for one, two in pairwise(page.ledger.of("platform")):
        between = page.words(range(one.last + 1, two.first))
        led = page.word(two.first) in _BESIDE or (bool(between) and between[-1] != ",")
        two_things = not {"and", "or", "but"}.isdisjoint(page.words((*one.tokens, *two.tokens)))
        joined = _BESIDE.issuperset(between) and (led or not between) and not two_things
        for here, other in ((one, two), (two, one)) if joined else ():
            if here.value == "local" and page.lexicon.has(other.value, "told.at_hand"):
                page.ledger.replace(here, "platform", other.value)


def take_image(page: Text) -> None:
    """Account for an image of containers; several, and one that is not meant, are left to a question."""
    images = [i for i, token in enumerate(page.tokens) if token.kind == "image" or _is_untagged(page, i)]
    refused = {i for match in page.phrases("platforms.no_image") for i in match.tokens()}
    if len(images) == 1 and images[0] not in refused:
        page.ledger.claim("image", images, page.ledger.said(images))


def _is_untagged(page: Text, i: int) -> bool:
    """Whether a place is an image without a tag: "image nvcr.io/team/name", its registry first."""
    led = page.word(i - 1) in ("image", "container") and page.kind(i) == "place"
    return led and _REGISTRY.match(page.ledger.said([i])) is not None


# -- where each step runs -----------------------------------------------------------------------------


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
    if len(said) > 1:
        return _of_each(steps, f"The request names two platforms, {' and '.join(said[:2])}")
    where = next(iter(said), None)
    meant = [addressed_step(page, steps, claim) for claim in claims]
    if len(steps) > 1 and all(meant) and meant:
        return [where if step in meant else None for step in steps], []
    later = (s for s in steps if s.group != steps[0].group)
    behind = [s.action for s in later if any(is_bound(page, s, c) for c in s.of("platform"))]
    told = f"all steps are taken to run on {where}, though it is said behind {' and '.join(behind)}"
    return [where] * len(steps), [told] if behind else []


def _of_each(steps: Sequence[Step], two: str) -> tuple[list[str | None], list[str]]:
    """Return the platform of each step; ``two`` begins the refusal where the first has none."""
    if len(steps) == 1:
        raise ConflictError(f"{two}; keep one of them.")
    where, notes = list[str | None](), list[str]()
    for step in steps:
        with_it = (s for s in steps if s.group == step.group)
        own = _own_of(step) or next(filter(None, map(_own_of, with_it)), None)
        if own is None and not where:
            raise ConflictError(
                f"{two}, and none for {step.action}, which comes before; say where that runs."
            )
        if own is None:
            notes.append(f"{step.action} is taken to run on {where[-1]}, as the step before it does")
        where.append(own or where[-1])
    return where, notes


def _own_of(step: Step) -> str | None:
    """Return the platform that is said of a step."""
    own = list(dict.fromkeys(c.value for c in step.of("platform")))
    if len(own) > 1:
        raise ConflictError(
            f"The request names two platforms for {step.action}, {' and '.join(own[:2])}; keep one of them."
        )
    return str(own[0]) if own else None


def ruled_out(page: Text, steps: Sequence[Step], platforms: Sequence[str | None]) -> Question | None:
    """Return the question about where to run instead; its choices are the platforms that answer it."""

    def before(claim: Claim) -> int:
        behind = (i for i, s in enumerate(steps) if s.at < claim.first)
        return max(behind, key=lambda i: steps[i].at, default=0)

    refused = [c for c in page.ledger.of("refused") if c.value in _NAMES]
    claims = [c for c in refused if platforms[before(c)] in (None, c.value)]
    if not claims:
        return None
    out = {c.value for c in claims}
    said = ", ".join(f"'{page.ledger.said(c.tokens)}'" for c in claims)
    left = tuple(Sentence(f"{option('platform', name)}") for name in _NAMES if name not in out)
    return Question(key=PLATFORM, why=f"{said} says where it is not to run; say where it is", choices=left)
