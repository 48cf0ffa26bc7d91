"""What a text asks for: its requests, and the question about what was not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skillbank.errors import UsageError
from skillbank.plan.model import WORDS
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.request import Request
from skillbank.plan.slots import slot
from skillbank.visible import one_line

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """What a text asks for.

    Attributes
    ----------
    requests
        One for each action, in order; a later one takes the earlier as its parent. What was not understood is
        a question of each.
    unread, unplaced
        The words that this question is about: not understood, and without a place in any step.
    notes
        What was decided where the text leaves room, as sentences.
    """

    requests: tuple[Request, ...]
    unread: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def not_understood(self) -> tuple[str, ...]:
        """All words that nothing came of."""
        return (*self.unread, *self.unplaced)

    def leaving_out(self, words: Sequence[str]) -> Reading:
        """Return the same reading without a question about words that somebody says count for nothing.

        What was read of the others stays as it is: nothing is read anew without them.

        Raises
        ------
        UsageError
            Where they are none of those that were not understood.
        """
        left_out = [each for each in self.not_understood if _plain(each) in map(_plain, words)]
        self._refuse_others(words, left_out)
        unread, unplaced = (
            [each for each in part if each not in left_out] for part in (self.unread, self.unplaced)
        )
        return self._asking(unread, unplaced, {"left_out": tuple(left_out)})

    def asking_also(self, words: Sequence[str]) -> Reading:
        """Return the same reading with a question about further words."""
        read = self._asking(list(dict.fromkeys((*self.unread, *words))), list(self.unplaced), {})
        return replace(read, notes=tuple(n for n in self.notes if not any(f"'{w}'" in n for w in words)))

    def _asking(self, unread: list[str], unplaced: list[str], also: dict[str, tuple[str, ...]]) -> Reading:
        question = question_about(unread, unplaced)
        asks = (question,) if question else ()
        requests = tuple(
            r.model_copy(update={"questions": (*(q for q in r.questions if q.key != WORDS), *asks), **also})
            for r in self.requests
        )
        return Reading(requests, tuple(unread), tuple(unplaced), self.notes)

    def _refuse_others(self, words: Sequence[str], left_out: Sequence[str]) -> None:
        """Refuse to leave out words that are none of those that were not understood."""
        meant = {_plain(each): each for each in words}
        if others := [meant[each] for each in meant.keys() - set(map(_plain, left_out))]:
            named = " and ".join(f"'{one_line(each)}'" for each in sorted(others))
            open_ = ", ".join(f"'{each}'" for each in self.not_understood) or "nothing"
            raise UsageError(
                f"{slot('leave_out').way()} leaves out what was not understood, and that is {open_}, "
                f"not {named}."
            )


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()
