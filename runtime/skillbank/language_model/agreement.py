"""Two readings of one text, a model's and that of the rules: what both say counts, all else is a question.

What only the model has read counts where the rules did not understand the words at all, and only where the
value can be read from these words. Nothing of the model takes the place of what the rules have read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skillbank.bank.skill import Skill
from skillbank.errors import SkillNotFoundError, sentence_of
from skillbank.language_model.evidence import Claim, in_text, reads_as, rest_of
from skillbank.plan.model import WORDS, Question
from skillbank.plan.option_steps import leaves_of, step_of
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.reading import Reading
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.slots import SLOTS, Fills
from skillbank.visible import one_line
from skillbank.ways import Sentence, marked, option

__all__ = ["WAY_OUT", "ReadStep", "agreed", "refused"]

WAY_OUT = Sentence(f"say it in plainer words, or give {option('reader', 'rules')} to go by the words alone")
_FIELDS = tuple(slot.name for slot in SLOTS if slot.fills is Fills.FIELD)
_SOURCE = "the model's reading"


@dataclass(frozen=True)
class ReadStep:
    """A step as the model has read it.

    Attributes
    ----------
    claims
        Its values, by the name of a field or by the spec key that they mean.
    faults
        What is wrong with single values, as questions.
    """

    skill: Skill
    action: str
    data: tuple[DataLocation, ...] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    faults: tuple[Question, ...] = ()

    def request(self, text: str) -> Request:
        """Return the step as a request, for a plan that asks about it."""
        empty = Request(skill=self.skill.qualified, action=self.action, text=text, notes=self.notes)
        return _filled(empty.model_copy(update={"data": self.data}), self.claims.values())


def refused(steps: Sequence[ReadStep], text: str, error: Exception) -> list[Request]:
    """Return what the model has read of a text that the rules refuse, with the question that this is."""
    said = ", ".join(step.action for step in steps)
    why = Sentence(
        f"the model understood {said}, by the words it is refused ({sentence_of(error).marked}); "
        f"{marked(WAY_OUT)}"
    )
    key = "skill" if isinstance(error, SkillNotFoundError) else "action"
    return _asked([step.request(text) for step in steps], [Question(key=key, why=why)])


def agreed(steps: Sequence[ReadStep], rules: Reading, text: str) -> tuple[list[Request], tuple[str, ...]]:
    """Return the requests that both readings say, with a question for each difference.

    Returns
    -------
    requests
        What the rules have read, and what the model read of words that the rules did not understand.
    not_understood
        Words that neither of them understood.
    """
    questions = [fault for step in steps for fault in step.faults]
    for key, of in _COMPARED.items():
        model, words = [of(step) for step in steps], [of(r) for r in rules.requests]
        if model != words:
            questions.append(_difference(key, model, words))
    if any(question.key in ("skill", "action") for question in questions):
        return _asked([step.request(text) for step in steps], questions), rules.not_understood
    accepted: list[Claim] = []
    requests = []
    for step, request in zip(steps, rules.requests, strict=True):
        added, asked = _compared(step, request, text, rules.not_understood)
        accepted += added
        questions += asked
        requests.append(_filled(_said_by_both(step, request), added))
    left = _left(rules.not_understood, accepted)
    question = question_about(left, [])
    return _asked(requests, [*questions, *([question] if question else [])]), tuple(left)


def _said_by_both(step: ReadStep, request: Request) -> Request:
    """Return a step as the rules have read it, without their question about words.

    What they did not understand is asked of both readings, as far as the model does not say it.
    """
    both = "automl" in step.claims and request.automl is not None
    update: dict[str, object] = {"automl_source": _SOURCE} if both else {}
    update["questions"] = tuple(q for q in request.questions if q.key != WORDS)
    return request.model_copy(update=update)


def _compared(
    step: ReadStep, request: Request, text: str, not_understood: Sequence[str]
) -> tuple[list[Claim], list[Question]]:
    """Return what the model adds to a step as the rules have read it, and where they differ."""
    added: list[Claim] = []
    questions = []
    read = dict(_claims(step.skill, request))
    for name in dict.fromkeys([*read, *step.claims]):
        said, by_words = step.claims.get(name), read.get(name)
        if said is not None and by_words is not None and _same(said.value, by_words.value):
            continue
        why = _wrong(said, by_words, text, not_understood)
        if why is not None:
            questions.append(Question(key=name, why=f"{why}; {marked(WAY_OUT)}"))
        elif said is not None:
            added.append(said)
    return added, questions


def _left(not_understood: Sequence[str], accepted: Sequence[Claim]) -> list[str]:
    """Return the words that the rules did not understand and no value of the model came from."""
    said = [claim.said for claim in accepted]
    return [one_line(rest) for words in not_understood if (rest := rest_of(words, said))]


def _wrong(said: Claim | None, words: Claim | None, text: str, not_understood: Sequence[str]) -> str | None:
    """Say why a value that only one of the readings has, or both differently, does not count."""
    if words is not None:
        what = "nothing" if said is None else one_line(said.value)
        return f"of {words.name} the model understood {what}, the words say {one_line(words.value)}"
    assert said is not None
    value = one_line(said.value)
    if not in_text(said.said, text):
        return f"the model names {said.name} {value}, which the request does not"
    took = f"the model took {said.name} {value} from '{one_line(said.said)}'"
    if not reads_as(said):
        return f"{took}, where it does not stand so"
    if not any(in_text(said.said, each) for each in not_understood):
        return f"{took}, where the rules read something else"
    return None


def _claims(skill: Skill, request: Request) -> Iterator[tuple[str, Claim]]:
    for name in _FIELDS:
        value = getattr(request, name)
        if value is not None and (name, value) != ("automl", "auto"):
            yield name, Claim(name, value)
    action = step_of(skill, request, 0, 1).action
    for setting in request.settings:
        for key, value in leaves_of(skill, action, setting):
            yield key, Claim(key, value)


def _filled(request: Request, claims: Iterable[Claim]) -> Request:
    fields: dict[str, object] = {}
    settings = list(request.settings)
    for claim in claims:
        if claim.name in _FIELDS:
            fields[claim.name] = claim.value
        else:
            settings.append(Setting(key=claim.name, value=claim.value))
    if "automl" in fields:
        fields["automl_source"] = _SOURCE
    return request.model_copy(update={**fields, "settings": tuple(settings)})


def _asked(requests: Sequence[Request], questions: Sequence[Question]) -> list[Request]:
    return [r.model_copy(update={"questions": (*r.questions, *questions)}) for r in requests]


def _difference(key: str, model: Sequence[object], words: Sequence[object]) -> Question:
    said = f"the model understood {_shown(model)}, the words say {_shown(words)}"
    return Question(key=key, why=f"{said}; {marked(WAY_OUT)}")


def _skill_of(step: ReadStep | Request) -> str:
    return step.skill.qualified if isinstance(step, ReadStep) else step.skill


_COMPARED: Mapping[str, Callable[[ReadStep | Request], object]] = {
    "skill": _skill_of,
    "action": lambda step: step.action,
    "data": lambda step: sorted(f"{d.source} {d.uri}" for d in step.data),
}
"""What both readings have to agree about, whatever the words."""


def _shown(values: Sequence[object]) -> str:
    texts = [", ".join(v) if isinstance(v, list) else str(v) for v in values]
    return one_line(", ".join(dict.fromkeys(t or "nothing" for t in texts)) or "nothing", 300)


def _same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other)
