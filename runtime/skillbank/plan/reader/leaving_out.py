"""The question about what was not understood, and what of it can be left out without harm to the rest."""

from __future__ import annotations

import shlex

from skillbank.plan.model import WORDS, Question
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.slots import slot
from skillbank.ways import Sentence, Way, marked

__all__ = ["question_about", "words_in_question"]

_MOST, _LONGEST = 6, 120
"""Fragments that a question quotes, and characters of one."""
_TURNING = (
    *(f"grammar.operator.{kind}" for kind in ("not", "instead", "only", "or")),
    *(f"grammar.mode.{kind}" for kind in ("condition", "fix", "doubt")),
    "grammar.exclusion.whole", "grammar.exclusion.bound", "policy.state.off", "policy.turn.off",
)  # fmt: skip
_STATES = frozenset({"on", "with", "than"})
_BARE = (*_TURNING, "grammar.free.glue", "grammar.free.light", "grammar.courtesy.words")


def question_about(said: list[str], idle: list[str]) -> Question | None:
    """Return the question about what was not understood or has no place in any step."""
    if not said and not idle:
        return None
    parts = []
    if said:
        parts.append(
            "I did not understand "
            + ", ".join(f"'{s[:_LONGEST]}'" for s in said[:_MOST])
            + (" and more" if len(said) > _MOST else "")
        )
    if idle:
        parts.append("no step here has a place for " + ", ".join(f"'{s[:_LONGEST]}'" for s in idle[:_MOST]))
    ways = _ways_to_leave_out([*said, *idle])
    out = Sentence(f", or leave it out with {' '.join(map(marked, ways))}" if ways else "")
    why = Sentence(f"{'; '.join(parts)}; say it in other words{marked(out)}")
    return Question(key=WORDS, why=why, choices=ways)


def _ways_to_leave_out(parts: list[str]) -> tuple[Sentence, ...]:
    """Return what leaves words out; nothing where they are so many, or so long, that most was not read.

    Nor where some of them only turn what others say: "send it to A" is what is left of "don't send it to A".
    """
    if len(parts) > _MOST or any(len(part) > _LONGEST or _turns(part) for part in parts):
        return ()
    return tuple(Sentence(f"{slot('leave_out').way(shlex.quote(part))}") for part in parts)


def _turns(part: str) -> bool:
    """Whether words deny, limit or correct something, and name nothing themselves."""
    words = part.lower().replace("\u2019", "'").split()

    def among(word: str, sections: tuple[str, ...]) -> bool:
        return word.endswith("n't") or any(lexicon().has(word, section) for section in sections)

    return any(among(w, _TURNING) or w in _STATES for w in words) and all(among(w, _BARE) for w in words)


def words_in_question(question: Question) -> list[str]:
    """Return the words that a question is about and that can be left out; nothing for any other question."""
    name = slot("leave_out").option.lstrip("-")
    ways = (part for choice in question.choices for part in Sentence(choice).parts if isinstance(part, Way))
    return [shlex.split(way.argument)[0] for way in ways if question.key == WORDS and way.name == name]
