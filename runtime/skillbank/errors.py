"""Every error that skillbank raises on purpose.

::

    SkillbankError                 exit 1   base; one sentence: the thing, where it stands, the way out
    ├── UsageError                 exit 2   the request itself is wrong
    │   ├── ConflictError                   a request that asks for two things that exclude each other
    │   ├── OutOfScopeError                 words that ask for no run of any action
    │   ├── SpecError                       an unknown key, a wrong type, a value out of bounds
    │   └── SkillFormatError                a skill's own files cannot be read
    ├── QuestionsError             exit 3   the plan has questions and cannot be launched
    ├── NotApprovedError           exit 4   nobody approved what would start, spend or destroy
    │   └── TrustError                      what would run comes from a bank that nobody has trusted
    ├── ForbiddenError             exit 4   who acts does not have the right
    ├── QuotaError                 exit 4   a quota leaves no GPU hours, or no room, for it
    ├── NotFoundError              exit 5   no such skill, action, job, parent or file
    │   ├── SkillNotFoundError
    │   │   └── AmbiguousSkillError         the words fit several skills
    │   ├── ActionNotFoundError
    │   ├── JobNotFoundError
    │   └── DataNotFoundError
    ├── ParentError                         a parent job failed or holds no model that fits
    ├── DataError                           data that is there and cannot be used
    ├── PlatformError                       the place where jobs run refuses or is missing
    │   └── PluginError                     what a package adds to skillbank cannot be used
    ├── EndpointError                       a language model's endpoint refuses or cannot be understood
    └── StateError                          a job is not in a state that allows this
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from skillbank.lazy_imports import lazy_imports
from skillbank.visible import named
from skillbank.ways import Sentence, Way, spoken

with lazy_imports():
    import difflib

__all__ = [
    "ActionNotFoundError",
    "AmbiguousSkillError",
    "ConflictError",
    "DataError",
    "DataNotFoundError",
    "EndpointError",
    "ForbiddenError",
    "JobNotFoundError",
    "NotApprovedError",
    "NotFoundError",
    "OutOfScopeError",
    "ParentError",
    "PlatformError",
    "PluginError",
    "QuestionsError",
    "QuotaError",
    "SkillFormatError",
    "SkillNotFoundError",
    "SkillbankError",
    "SpecError",
    "StateError",
    "TrustError",
    "UsageError",
    "a_few",
    "did_you_mean",
    "is_full",
    "sentence_of",
]


class SkillbankError(Exception):
    """Base of all deliberate errors; its text is one sentence, in the words of whoever runs this process.

    It is written with ways out as values, see `skillbank.ways`: ``sentence`` is what the command line says,
    ``offers`` what it offers, and `str` says it in the words of this process.
    """

    exit_code = 1
    skill_says: tuple[str, ...] = ()
    """What a skill has to say to this, which is no part of our sentence."""
    skill: str = ""
    """Whose words those are."""

    def __init__(self, *text: object) -> None:
        super().__init__(*(Sentence(each) if isinstance(each, str) else each for each in text))

    @property
    def sentence(self) -> Sentence:
        """What it says, which is what is kept and handed on."""
        return Sentence(super().__str__()) if len(self.args) != 1 else Sentence(self.args[0])

    @property
    def offers(self) -> tuple[Way, ...]:
        """The ways out that the sentence offers."""
        return self.sentence.offers

    def __str__(self) -> str:
        return self.sentence.said(spoken())

    @property
    def code(self) -> str:
        """Stable machine-readable name, e.g. ``skill_not_found``."""
        name = type(self).__name__.removesuffix("Error")
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class UsageError(SkillbankError):
    """The request itself is wrong."""

    exit_code = 2


class ConflictError(UsageError):
    """A request asks for two things that exclude each other."""


class OutOfScopeError(UsageError):
    """Words that ask for no run of any action."""


class SpecError(UsageError):
    """A spec key is unknown, or its value has a wrong type or is out of bounds."""


class SkillFormatError(UsageError):
    """A skill's own files cannot be read as a skill."""


class QuestionsError(SkillbankError):
    """The plan still has questions, so it cannot be launched."""

    exit_code = 3


class NotApprovedError(SkillbankError):
    """The plan would start work that nobody approved."""

    exit_code = 4


class TrustError(NotApprovedError):
    """What comes from a bank that nobody has trusted, or that changed since, would run."""


class ForbiddenError(SkillbankError):
    """Who acts does not have the right to do this; repeating it, or asking for an approval, helps nothing."""

    exit_code = 4


class QuotaError(SkillbankError):
    """A quota leaves no GPU hours or no room for this; the sentence says when it does again."""

    exit_code = 4


class NotFoundError(SkillbankError):
    """Something that was named does not exist."""

    exit_code = 5


class SkillNotFoundError(NotFoundError):
    """No bank holds the named skill."""


class AmbiguousSkillError(SkillNotFoundError):
    """The words fit several skills."""


class ActionNotFoundError(NotFoundError):
    """The skill has no such action or variant, or none was named."""


class JobNotFoundError(NotFoundError):
    """No job has this id."""


class DataNotFoundError(NotFoundError):
    """Input data is not where the request says."""


class ParentError(SkillbankError):
    """A parent job cannot give what its child needs."""


class DataError(SkillbankError):
    """Input data exists and cannot be used."""


class PlatformError(SkillbankError):
    """The platform refuses, or something that it needs is missing."""


class PluginError(PlatformError):
    """What a package adds to skillbank is missing, cannot be loaded, or breaks."""


class EndpointError(SkillbankError):
    """A language model's endpoint refuses, cannot be reached, or answers what cannot be used."""


class StateError(SkillbankError):
    """A job is not in a state that allows what was asked."""


def sentence_of(error: BaseException) -> Sentence:
    """Return what an error says as it is kept and handed on, for whichever door reads it."""
    return error.sentence if isinstance(error, SkillbankError) else Sentence(str(error))


_LONGEST_WORD = 200
_MOST_KNOWN = 5000


def is_full(error: BaseException) -> bool:
    """Say whether the system refused a write since the disk, or somebody's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def a_few(names: Sequence[str], most: int) -> str:
    """Return the first of some names and how many more there are: ``a, b and 7 more``."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def did_you_mean(wrong: str, known: list[str] | tuple[str, ...]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known name, or an empty string."""
    if len(wrong) > _LONGEST_WORD:
        return ""  # no slip of a pen, and comparing takes time that grows with its length
    known = known[:_MOST_KNOWN]
    tail = {name.rsplit(".", 1)[-1]: name for name in reversed(known)}
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.7) or [
        tail[t] for t in difflib.get_close_matches(wrong.rsplit(".", 1)[-1], tail, n=1, cutoff=0.8)
    ]
    return f" (did you mean '{named(near[0], 120)}'?)" if near else ""
