"""What a text is made of: tokens with their places, and the claims that account for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

__all__ = ["Claim", "Ledger", "Token", "are_rivals", "is_number", "number_in"]


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, place or mark of a text.

    Attributes
    ----------
    kind
        word, number, range, place, quote, report, job, key, pair, flag, name or mark.
    text
        The word in lower case, the mark, the flag without its dashes; for other kinds the kind.
    start, end
        Where it stands in the text, in characters.
    value
        What it holds: a number, a `Range`, a location, the text in quotes, (key, value) of a pair.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Any = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Tokens that are accounted for, and by what.

    Attributes
    ----------
    kind
        What they are: ``name``, ``action``, ``find``, ``policy``, ``value``, ``place``, ``format``,
        ``field``, ``job``, ``captions``, ``platform``, ``scratch``; what is not meant:
        ``excluded``, ``refused``; what changes nothing: ``courtesy``, ``report``, ``question``, ``context``,
        ``talk``, ``order``; or ``unread``, which the plan asks about.
    tokens
        Indexes, in order.
    value
        What the kind holds.
    """

    kind: str
    tokens: tuple[int, ...]
    value: Any = None

    @property
    def first(self) -> int:
        """Index of the first token."""
        return self.tokens[0]

    @property
    def last(self) -> int:
        """Index of the last token."""
        return self.tokens[-1]


def are_rivals(one: Claim, other: Claim) -> bool:
    """Whether two claims of one kind say the same thing, so that only one of them can hold."""
    if one.kind == "name":
        return bool(one.value.skills != other.value.skills)
    if one.kind == "value":
        return (one.value.slot, one.value.key) == (other.value.slot, other.value.key)
    return one.kind != "place" or one.value.role in (None, other.value.role)


def number_in(value: object) -> float | None:
    """Return a value that is a number; None for any other, as for True."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_number(claim: Claim) -> bool:
    """Whether a claim of a value holds a number."""
    return number_in(claim.value.value) is not None


@dataclass(slots=True)
class Ledger:
    """The tokens of a text, and who has accounted for which. A token has one claim at most."""

    original: str
    tokens: list[Token]
    claims: list[Claim] = field(default_factory=list)
    owner: dict[int, Claim] = field(default_factory=dict)

    def claim(self, kind: str, tokens: Iterable[int], value: Any = None) -> Claim:
        """Account for tokens; those that have a claim already keep theirs."""
        mine = tuple(sorted({i for i in tokens if i not in self.owner}))
        made = Claim(kind, mine or tuple(sorted(set(tokens)))[:1], value)
        self.claims.append(made)
        for i in mine:
            self.owner[i] = made
        return made

    def withdraw(self, claim: Claim) -> None:
        """Take a claim back; its tokens are free again."""
        self.claims = [c for c in self.claims if c is not claim]
        for i in [i for i, owner in self.owner.items() if owner is claim]:
            del self.owner[i]

    def mark(self, kind: str, tokens: Iterable[int]) -> None:
        """Give tokens another claim, whoever has accounted for them; theirs stays."""
        made = Claim(kind, tuple(tokens))
        self.claims.append(made)
        self.owner.update(dict.fromkeys(made.tokens, made))

    def replace(self, claim: Claim, kind: str, value: Any = None) -> Claim:
        """Account for the tokens of a claim in another way."""
        self.withdraw(claim)
        return self.claim(kind, claim.tokens, value)

    def free(self, i: int) -> bool:
        """Whether a token is not accounted for yet."""
        return i not in self.owner

    def of(self, *kinds: str) -> list[Claim]:
        """Return the claims of some kinds, in the order of the text."""
        return sorted((c for c in self.claims if c.kind in kinds), key=attrgetter("first"))

    def said(self, tokens: Iterable[int]) -> str:
        """Return the text from the first to the last of some tokens."""
        inside = [self.tokens[i] for i in tokens]
        return self.original[min(t.start for t in inside) : max(t.end for t in inside)] if inside else ""

    def runs(self, tokens: Iterable[int]) -> Iterator[list[int]]:
        """Yield runs of neighbouring indexes."""
        run: list[int] = []
        for i in sorted(tokens):
            if run and i != run[-1] + 1:
                yield run
                run = []
            run.append(i)
        if run:
            yield run
