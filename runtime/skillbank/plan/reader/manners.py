"""What is said to a person and of no run: feelings, what somebody remembers, whose it was.

Such clauses have the build of an order, a condition or a negation, and are none: "wish me luck", "if I
remember right", "not mine". They are told only where no word of theirs names anything that a plan has.
"""

from __future__ import annotations

from skillbank.plan.reader.wording import Wording, of

__all__ = ["Manners"]

_OWNERS = frozenset({"mine", "yours", "his", "hers", "ours", "theirs", "me", "him", "her", "us", "them"})
_SPEAKERS = frozenset({"i", "we", "you"})


class Manners:
    """Tells the clauses of a text that are said to a person."""

    def __init__(self, wording: Wording) -> None:
        self._of, self._words = wording, wording.words

    def hold(self, i: int, end: int, *, after: bool) -> bool | None:
        """Whether a clause of such a build is said to a person, and of no run; None where it has another.

        Parameters
        ----------
        i, end
            Where it begins behind words that join it, and its end.
        after
            Whether what stands before it in its sentence tells something.
        """
        for begins in (self._behind_feeling, self._behind_mind, self._behind_owner):
            rest = begins(i, end, after=after)
            if rest is not None:
                return not self._of.weighs(range(rest, end))
        return None

    def _behind_feeling(self, i: int, end: int, *, after: bool) -> int | None:
        """Return where the rest of "do not worry about", "wish me" or "let me introduce" begins."""
        if self._words[i] == "do" and self._of.at(i + 1, end) == "not":
            k = i + 2 + (self._of.at(i + 2, end) in ("be", "get", "feel"))
            return k + 1 if self._of.at(k, end) in of("feeling") else None
        if self._words[i : i + 2] == ["never", "mind"] and self._of.at(i + 2, end) in _OWNERS:
            return i + 3
        if self._words[i:end] == ["sorry"] and self._words[end : end + 1] == ["if"]:
            return end
        k = i + (self._words[i] == "please")
        if self._of.at(k, end) == "let" and self._of.at(k + 1, end) == "me":
            return k + 3 if self._of.at(k + 2, end) in of("introducing") else None
        return k + 1 if self._of.at(k, end) in of("manners") else None

    def _behind_mind(self, i: int, end: int, *, after: bool) -> int | None:
        """Return where the rest of "if I remember", "in case you wonder" or "if memory serves" begins."""
        k = i + 1 if self._words[i] == "if" else i + 2 if self._words[i : i + 2] == ["in", "case"] else None
        if k is None:
            return None
        if after and self._words[i - 1] == "sorry":  # "sorry if this is a stupid question"
            return k
        if self._of.at(k, end) not in _SPEAKERS | {"memory"}:
            return None
        verb = next((v for v in range(k + 1, min(k + 4, end)) if self._words[v] in of("mind")), None)
        return None if verb is None else verb + 1

    def _behind_owner(self, i: int, end: int, *, after: bool) -> int | None:
        """Return where the rest of "not mine", behind what tells whose something is, begins."""
        said = after and self._words[i] == "not" and self._of.at(i + 1, end) in _OWNERS
        return i + 2 if said else None
