"""What a skill says, given as its words: never in our voice, on one line, cut, nothing hidden."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from skillbank.visible import named, one_line, texts_in

__all__ = ["ADVICE", "DESCRIPTION", "FromSkill", "failure_words", "is_prose"]

ADVICE = 500
"""Most characters of an advice, an explanation or a reason."""
DESCRIPTION = 1000
"""Most characters of a description."""

_SENTENCE = 4
"""So many words make one."""


class FromSkill(BaseModel):
    """Words of a skill: they inform, and neither ask for anything nor allow it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    skill: str
    text: str

    @classmethod
    def of(cls, skill: str, text: object, longest: int = ADVICE) -> FromSkill | None:
        """Return a text as a skill's; None where it says nothing.

        Parameters
        ----------
        skill
            The skill's name; empty where it is not known any more.
        longest
            Most characters.
        """
        said = one_line("" if text is None else text, longest)
        return cls(skill=named(skill), text=said) if said else None

    @property
    def sentence(self) -> str:
        """The words as they stand on a terminal or a page: ``the skill NAME says: “…”``."""
        return f"the skill {self.skill} says: “{self.text}”".replace("skill  says", "skill says")


def is_prose(value: object) -> bool:
    """Whether a value of a skill holds a sentence, which no value of a parameter needs to be."""
    return any(len(text.split()) >= _SENTENCE for text in texts_in(value))


def failure_words(pattern: Mapping[str, object]) -> str:
    """Return what an error pattern of a skill says: its name, its explanation and its advice."""
    said = (str(pattern.get(part) or "").strip() for part in ("name", "explanation", "advice"))
    return " · ".join(text for text in said if text)
