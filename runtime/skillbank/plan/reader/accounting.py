"""The law of the reader: every word is evidence of what was accepted or means nothing, or the plan asks.

What means nothing is listed (`grammar.free`, courtesies), or stands in a clause that gives a reason or tells
of something and holds nothing that a run could mean. What is left becomes a question, and a number beside it
fills nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.context import covered_by
from skillbank.plan.reader.exclusions import excluding
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.ordinary import said_alone
from skillbank.plan.reader.purposes import PURPOSE
from skillbank.plan.reader.tokens import Claim, is_number
from skillbank.plan.reader.wording import of

__all__ = ["fragments", "left_over"]


def left_over(text: Text, clauses: Clauses, listed: frozenset[str]) -> list[list[int]]:
    """Return the words that nothing accounts for, in runs; numbers beside them fill nothing any more."""
    covered = covered_by(text, listed)
    covered -= _ordered(text, clauses)
    for said in said_alone(text, clauses):
        text.ledger.mark("unread", said)
    _withdraw_unread(text)
    covered.update(*(_leading(text, clauses, c) for c in clauses.all))
    covered.difference_update(*(range(first, end) for first, end in excluding(text).items()))
    left = {i for i in range(len(text.tokens)) if _is_left_over(text, i, covered)}
    for i in sorted(left):
        for claim in _numbers_beside(text, clauses, i, covered) if text.tokens[i].kind == "word" else ():
            text.ledger.withdraw(claim)
            left.update(k for k in claim.tokens if k not in covered)
        if (glued := _number_glued(text, i)) is not None:
            text.ledger.withdraw(glued)
            left.update(range(glued.first, i))
    return _joined(text, left, clauses)


def _withdraw_unread(text: Text) -> None:
    """Withdraw what is asked about: it sets nothing, also where its words are left out."""
    for claim in text.ledger.of("value", "policy", "platform", "captions"):
        said = [i for i in claim.tokens if text.kind(i) not in ("word", "mark")] or claim.tokens
        if all(text.owner(i) == "unread" for i in said):
            text.ledger.withdraw(claim)


def _is_left_over(text: Text, i: int, covered: set[int]) -> bool:
    """Whether nothing accounts for a token that says something."""
    unread = (text.ledger.free(i) and i not in covered) or text.owner(i) == "unread"
    return unread and (text.kind(i) != "mark" or text.word(i) in _sayings(text, i))


def _sayings(text: Text, i: int) -> str:
    """Return the marks that say something where a token stands: cells of a table say nothing by their "|"."""
    return "<>≥≤%|" if text.owner(i) == "unread" else "<>≥≤%"


def _leading(text: Text, clauses: Clauses, clause: Clause) -> range:
    """Return the words that open a reason with a verb, which by themselves say nothing: "since"."""
    if clause.mode is not Mode.REASON or not clauses.teller.has_verb(clause.first, clause.end):
        return range(0)
    first = next((i for i in range(clause.first, clause.end) if text.kind(i) != "mark"), clause.end)
    return range(first, max(text.ends(first, "grammar.mode.reason"), default=first))


def _ordered(text: Text, clauses: Clauses) -> set[int]:
    """Return the words of sentences, and of their last clauses, that order something nothing has read."""
    found: set[int] = set()
    teller, over = clauses.teller, clauses.history()
    for sentence in clauses.sentences.values():
        purposes = {i for i in sentence if not text.ledger.free(i) and text.ledger.owner[i].value == PURPOSE}
        free = all(text.ledger.free(i) or i in purposes for i in sentence)
        if free and teller.orders(sentence.start, sentence.stop, wishing=not purposes):
            found.update(sentence)
        last = range(clauses.of(sentence.stop - 1).first, sentence.stop)
        goes_on = any(text.tokens[i].text in of("unchanged") for i in last[:2]) and sentence.start in over
        # "..., then do the usual with it", but "we had them annotated and put them on the server" tells
        if not goes_on and all(map(text.ledger.free, last)) and teller.orders(*_ends(last), wishing=False):
            found.update(last)
    return found


def _ends(tokens: range) -> tuple[int, int]:
    return tokens.start, tokens.stop


def _numbers_beside(text: Text, clauses: Clauses, i: int, covered: set[int]) -> Iterator[Claim]:
    """Yield claims of numbers next to a word, with nothing but free words between."""
    here = clauses.of(i)
    for step in (-1, 1):
        k = i + step
        while here.first <= k < here.end and k in covered and text.tokens[k].kind != "mark":
            k += step
        owner = text.ledger.owner.get(k) if here.first <= k < here.end else None
        if owner is not None and owner.kind == "value" and is_number(owner):
            yield owner


_POWERS = frozenset("^*x")


def _number_glued(text: Text, i: int) -> Claim | None:
    """Return the claim of the number that a number is only a part of: "10^-4"."""
    k = i - 1
    while k >= 0 and text.kind(i) == "number" and text.kind(k) == "mark":
        k -= 1
    between = text.ledger.original[text.tokens[k].end : text.tokens[i].start] if k >= 0 else ""
    owner = text.ledger.owner.get(k) if between and _POWERS.issuperset(between) else None
    return owner if owner is not None and owner.kind == "value" and is_number(owner) else None


def _joined(text: Text, left: Iterable[int], clauses: Clauses) -> list[list[int]]:
    """Join runs of words that are left with the free words between them."""
    runs: list[list[int]] = []
    for run in text.ledger.runs(left):
        if (
            runs
            and run[0] - runs[-1][-1] <= 4
            and clauses.of(run[0]).sentence == clauses.of(runs[-1][0]).sentence
        ):
            between = range(runs[-1][-1] + 1, run[0])
            if all(text.ledger.free(k) and text.tokens[k].kind != "mark" for k in between):
                runs[-1] += [*between, *run]
                continue
        runs.append(run)
    return [_with_noun(text, run) for run in runs]


_COUNTED = ("grammar.free.noun", "places.data.nouns", "slots.around.steps")


def _with_noun(text: Text, run: list[int]) -> list[int]:
    """Return a run that begins with a number with the noun before it, or behind it where it is all of it.

    Such are "crops of 1024 pixels" and "5 steps".
    """
    k = run[0] - 1
    if text.tokens[run[0]].kind not in ("number", "range", "percent"):
        return run
    after = run[-1] + 1
    if len(run) == 1 and after < len(text.tokens) and text.ledger.free(after):
        run = [*run, after] if text.within(after, *_COUNTED) else run
    while k >= 0 and text.ledger.free(k) and text.tokens[k].text == "of":
        k -= 1
    noun = k >= 0 and text.ledger.free(k) and text.within(k, "grammar.free.noun", "places.data.nouns")
    return [*range(k, run[0]), *run] if noun else run


def fragments(text: Text, runs: list[list[int]], unused: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return what was not understood, and what no step has a place for, as it was written."""
    said = list(dict.fromkeys(" ".join(text.ledger.said(run).split()) for run in runs))
    return said, [u for u in dict.fromkeys(unused) if u not in said]
