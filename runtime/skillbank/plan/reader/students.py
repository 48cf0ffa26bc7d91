"""A teacher and its student in one sentence: "distill the last TEACHER into STUDENT on photos/".

Or by what they do: "label cats in photos/ and train STUDENT on the labels". The teacher is a model that finds
what a text describes; it labels the pictures, the student is trained on the labels, and both are measured on
the truth that is named. What is said behind is read as of a training of the student on its labels
(`Taught.rest`), where it is none of the forms' own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.engines import EngineFacts, own_engine
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError
from skillbank.home import home
from skillbank.plan.model import WORDS, Question
from skillbank.plan.planner import split_command
from skillbank.plan.reader.data_requests import line_of, place_of
from skillbank.plan.reader.described import skill_that_finds
from skillbank.plan.reader.jobs import JobSkill, skill_of
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.roots import absolute
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.ways import Sentence, marked

__all__ = ["TRAINED", "Trained", "student_requests", "teaches"]

Trained = Callable[[Skill], str]
"""Returns the id of the last training of a skill; raises `JobNotFoundError` where there is none."""
TRAINED = "train"
_TEACHES = f"{OWN}:skillbank-label-set"
_DETECTS = "object_detection"
_SOURCE = "a student is trained once"
_VERBS = ("distill", "distil")
_LOOKS = ("label", "annotate", "find", "detect", "locate")
_TRAINS = ("train", "fine-tune", "finetune")
_PLEASE = r"(?:(?:please|could you|can you|would you|i want to|i would like to|now|kindly) )*"
_DET = r"(?:(?:the|my|our|a|an) )?"
_LAST = r"(?:(?P<last>last|latest|newest|most recent|previous)(?: trained)? )?"
_KIND = r"(?: (?:model|detector|network|one|training))?"
_JOB = r"(?: from job (?P<job>[\w-]+))?"
_PICTURES = r"(?: (?:the|my|our|all|these|unlabelled|unlabeled|pictures|images|photos|in|of|folder))*"
_THINGS = (
    r"(?P<captions>(?:(?!\b(?:validat|compar|measur|evaluat)|\b(?:with|without|using|at|above|below|over|under|than"
    r"|except|excluding|but|not|no|only|instead|as|if|unless|until|when|first|last|for|then|train|export)\b)[^;§@\d]){1,400}?)"
)
"""Whatever else may be said of them is another's to read: a threshold, an exception, a part."""
_FIND = rf"(?:(?: ?,)? (?:to (?:find|detect)|finding|detecting|looking for) {_THINGS})?"
_EPOCHS = r"(?:(?: ?,)?(?: for| with)? (?P<epochs>\d+) epochs?)?"
_PLAIN = (
    r"(?:(?: ?[,.])? (?:(?:no|without) (?:hpo|automl|search|hyperparameter search)"
    r"|(?:a )?(?:plain|single) (?:training|run)))*"
)
_TRUTH = (
    r"(?:(?: ?[,;])? (?:and )?(?:then )?(?:validate|compare|measure|evaluate)(?: (?:both|them|it))?"
    r" (?:on|with|against|using)(?: the)?(?: truth)?(?: (?:in|of|at))? §(?P<truth>\d+))?"
)
_END = r"(?: please)? ?[.!]*"
# A size of the student is no plain word: "a small X" is left to the reader that asks about it.
_STUDENT = rf"{_DET}(?:new )?@(?P<student>\d+){_KIND}"
_TEACHER = rf"{_DET}{_LAST}@(?P<teacher>\d+){_KIND}{_JOB}"
_OF_JOB = (
    r"(?:(?:the )?(?:model|training|checkpoint) (?:of|from) )?(?:job )?"
    r"(?P<only>(?:[\w-]+-)?[0-9a-f]{6})"
)
_LEAST = (
    r"(?:(?: ?,)? (?:with|at|and)(?: an?| the)? (?:(?:score|confidence|box) )?threshold(?: of)? "
    r"(?P<least>0?\.\d+))?"
)
_EXPORT = (
    r"(?P<export>(?: ?[,.;])?(?: (?:and|then|afterwards|finally|,))+ export "
    rf"(?:it|{_DET}@(?P<exported>\d+){_KIND})"
    r"(?: (?:to|as|into) onnx)?)?"
)
_AFTER = rf"{_EPOCHS}{_PLAIN}{_TRUTH}{_EPOCHS.replace('epochs>', 'epochs2>')}{_PLAIN}{_EXPORT}{_END}"
_BEHIND = (
    r"(?= ?[,;.(]|$| (?!of |from |under |in §"
    r"|(?:and|with|plus|\+|&|as well as|together with) (?:on |with )?(?:§|the )))"
)
"""Where another goes on behind the labels, and not with which labels or what else is learned from."""
_LABELS = (
    r"(?:it|them|these|those|that|this|what (?:was|is|has been) (?:labelled|labeled|found|annotated|detected)"
    r"|what (?:it|they|you|that|the model) (?:finds?|found|labels?|labelled|detects?|detected)"
    r"|(?:the|these|those|its|your|their)"
    r"(?: (?:new|fresh|resulting|found))?(?: (?:labels?|boxes|annotations?|results?|labelled|labeled"
    r"|annotated|pictures|images|photos|data|set|ones))+)"
)


class Taught(NamedTuple):
    """The steps of a teacher and its student, and a request for what else is said of the student, if any."""

    requests: list[Request]
    rest: str = ""
    output: str = ""

    def joined(self, text: str, read: Sequence[Request]) -> list[Request]:
        """Return the steps with those that the rest has been read as: they run here, and search nothing."""
        unread = tuple(q for q in read[0].questions if q.key == WORDS)  # it stops the teacher too
        teach = self.requests[0]
        made = [teach.model_copy(update={"questions": (*teach.questions, *unread)})]
        for request in read:
            here: dict[str, object] = {"text": text, "platform": request.platform or "local"}
            if request.automl is None:
                here |= {"automl": "off", "automl_source": _SOURCE}
            here |= {"data": tuple(map(self._placed, request.data))}
            here |= {"questions": tuple(map(self._told, request.questions))}
            made.append(request.model_copy(update=here))
        return made

    def _told(self, question: Question) -> Question:
        """Return a question with the place of the labels where it speaks of another for it."""
        why = Sentence(marked(question.why).replace(_there(self.output), self.output))
        return question.model_copy(update={"why": why})

    def _placed(self, data: DataLocation) -> DataLocation:
        """Return data with the place of the labels where the text that was read has another for it."""
        folder, _, split = data.uri.rpartition("/")
        here = folder == _there(self.output)
        return data.model_copy(update={"uri": f"{self.output}/{split}"}) if here else data


def student_requests(
    page: Text,
    library: Library,
    trained: Trained | None,
    skill: Skill | None,
    job_skill: JobSkill | None = None,
) -> Taught | None:
    """Return the steps that a sentence about a teacher and its student asks for; None for any other text.

    Parameters
    ----------
    library
        The teacher is its skill that finds what a text describes, where the sentence names none.
    trained
        Looks for the teacher's training; where None, none is known.
    skill
        The skill that an option names: then the words are read for that one.
    job_skill
        Tells which skill a job ran: one of another skill is no teacher here.
    """
    forms = _forms_of({token.text for token in page.tokens}) if skill is None else []
    line, starts = line_of(page, len(page.tokens)) if forms else ("", [])  # no form is even compiled
    whole = next((match for form in forms if (match := form().fullmatch(line))), None)
    found = whole or _begun(forms, line)
    pair = _pair(page, found, library) if found is not None else None
    if found is None or pair is None or _ran_another(found, pair.teacher, job_skill):
        return None
    captions = _captions(page, found, starts)
    teach, output = _teach(page, found, pair, captions, trained)
    if whole is not None:
        return Taught([teach, *_steps(page, found, pair, output, teach.parent)])
    return Taught([teach], _rest(page, found, starts, output), output)


def _begun(forms: Sequence[Form], line: str) -> re.Match[str] | None:
    """Return the beginning of a line whose rest is read as another request; None where there is none."""
    found = next((match for form in forms if (match := form(rest=True).match(line))), None)
    return None if found is None or _OF_ALL.search(line, found.end()) else found


_OF_ALL = re.compile(r"\b(?:both|everything|all (?:of it|of them|steps|three|two))\b")
"""What is said of the teacher too, and no training of the student can be read from."""


class _Pair(NamedTuple):
    """A teacher with what is known of its engine, and its student."""

    teacher: Skill
    engine: EngineFacts
    student: Skill


def _pair(page: Text, found: re.Match[str], library: Library) -> _Pair | None:
    """Return the teacher and the student of a sentence; None where they are no such pair."""
    teacher, student = _teacher(page, found, library), _named(page, found["student"])
    if teacher is None or student is None or (engine := _teaching(teacher, student)) is None:
        return None
    exported = found.groupdict().get("exported")
    if exported is not None and _named(page, exported) is not student:
        return None
    return _Pair(teacher, engine, student)


def _there(output: str) -> str:
    """Return what stands for the folder of the labels while a request for the student is read.

    A home may have any name, and nobody says this one.
    """
    return f"/taught/{Path(output).name}"


def _rest(page: Text, found: re.Match[str], starts: list[tuple[int, int]], output: str) -> str:
    """Return a request for a training of the student with what is said of it between and behind."""
    named = page.ledger.said([int(found["student"])])
    between = (found.groupdict().get("between") or "").strip()
    behind = next((page.tokens[i].start for start, i in starts if start >= found.end()), None)
    rest = page.ledger.original[behind:] if behind is not None else ""
    said = f", {between} {rest}" if between else rest
    there = _there(output)
    return f"train {named} on {there}/train, validation data {there}/val {said}"


def _teaching(teacher: Skill, student: Skill) -> EngineFacts | None:
    """Return what is known of the teacher's engine; None where one can't teach or the other can't learn."""
    engine = _engine(teacher)
    if engine is None or teacher is student or not engine.labels_by_description:
        return None
    return engine if _is_student(student) else None


def teaches(teacher: Skill, student: Skill) -> bool:
    """Whether a sentence about a teacher and its student can be about these two."""
    return _teaching(teacher, student) is not None


def _ran_another(found: re.Match[str], teacher: Skill, job_skill: JobSkill | None) -> bool:
    """Whether the job that is named is of another skill than the teacher."""
    job = found["job"] or found.groupdict().get("only")
    ran = skill_of(job_skill, job) if job is not None else None
    return ran is not None and ran.rpartition(":")[2] != teacher.name


def _forms_of(said: set[str]) -> list[Form]:
    """Return the forms whose verbs are all among the words of a text."""
    asked = ((_distilling, (_VERBS,)), (_labelling, (_LOOKS, _TRAINS)), (_labelling_with, (_LOOKS, _TRAINS)))
    return [form for form, begun in asked if all(said.intersection(words) for words in begun)]


def _named(page: Text, number: str) -> Skill | None:
    """Return the skill that a token names; None where several are called so."""
    skills: Sequence[Skill] = page.tokens[int(number)].value.skills
    return skills[0] if len(skills) == 1 else None


def _teacher(page: Text, found: re.Match[str], library: Library) -> Skill | None:
    if found["teacher"] is not None:
        return _named(page, found["teacher"])
    finding = skill_that_finds(library, masks=False)
    return finding[0] if finding is not None else None


def _teach(
    page: Text, found: re.Match[str], pair: _Pair, captions: list[str], trained: Trained | None
) -> tuple[Request, str]:
    """Return the step of the teacher, and where its labels will lie."""
    teacher, engine = pair.teacher, pair.engine
    photos, said = place_of(page, found["pictures"]), found.groupdict()
    job, questions = _teaching_job(found, teacher, trained)
    if job is None and not questions and not captions:
        questions = (
            Question(
                key="teacher",
                why=f"nothing says which model teaches: say 'the last' of {teacher.name}, 'from job JOB', or "
                f"what to look for (to find cat and dog), and {engine.hub_model} of the model hub does",
            ),
        )
    settings = [Setting(key="teach.captions", value=captions)] if captions else []
    if job is None and not questions:
        settings.append(Setting(key="teach.model", value=engine.hub_model))
    least = said.get("least")
    told = "\0".join([absolute(photos), job or engine.hub_model, *captions, *([least] if least else [])])
    mark = hashlib.sha256(told.encode()).hexdigest()
    output = str(home() / "taught" / mark[:16])
    settings.append(Setting(key="teach.output", value=output))
    if least:
        settings.append(Setting(key="teach.least", value=float(least)))
    teach = Request(
        skill=_TEACHES, action="teach", data=(DataLocation(source="inference_dataset", uri=photos),),
        settings=tuple(settings), parent=job, platform="local", questions=questions,
        text=page.ledger.original,
    )  # fmt: skip
    return teach, output


def _steps(page: Text, found: re.Match[str], pair: _Pair, output: str, job: str | None) -> list[Request]:
    """Return the steps behind the teacher's."""
    teacher, student = pair.teacher, pair.student
    text, epochs = page.ledger.original, found["epochs"] or found["epochs2"]
    steps = [
        Request(
            skill=student.qualified, action=TRAINED, automl="off", automl_source=_SOURCE, platform="local",
            data=(
                DataLocation(source="train_datasets", uri=f"{output}/train"),
                DataLocation(source="eval_dataset", uri=f"{output}/val"),
            ),
            settings=(Setting(key="num_epochs", value=int(epochs)),) if epochs else (),
            text=text,
        ),
    ]  # fmt: skip
    if found["truth"]:
        steps += _measured(page, found["truth"], teacher, student, job)
    if found["export"]:
        steps.append(Request(skill=student.qualified, action="export", platform="local", text=text))
    return steps


def _teaching_job(
    found: re.Match[str], teacher: Skill, trained: Trained | None
) -> tuple[str | None, tuple[Question, ...]]:
    """Return the job whose model teaches, where one is said, and what has to be asked about it."""
    job = found["job"] or found.groupdict().get("only")
    return _last(teacher, trained) if job is None and found["last"] else (job, ())


def _measured(page: Text, truth: str, teacher: Skill, student: Skill, job: str | None) -> Iterator[Request]:
    """Yield the evaluations on what is true: of the teacher, where a job is, and of its student."""
    measured = Request(
        skill=student.qualified, action="evaluate", platform="local", text=page.ledger.original,
        data=(DataLocation(source="eval_dataset", uri=place_of(page, truth)),),
    )  # fmt: skip
    if job is not None:
        yield measured.model_copy(update={"skill": teacher.qualified, "parent": job})
    yield measured


def _last(teacher: Skill, trained: Trained | None) -> tuple[str | None, tuple[Question, ...]]:
    try:
        if trained is not None:
            return trained(teacher), ()
        why = f"no training of {teacher.name} is known here"
    except SkillbankError as error:
        why = Sentence(error.sentence.marked.rstrip("."))
    return None, (
        Question(key="teacher", why=f"{marked(why)}; train one first, or name a job: from job JOB"),
    )


def _engine(skill: Skill) -> EngineFacts | None:
    train = next((each for each in skill.actions if each.name == TRAINED), None)
    command = split_command(train.command) if train is not None else ()
    return own_engine(command[0]) if command else None


def _is_student(skill: Skill) -> bool:
    """Whether a skill trains and evaluates a detector."""
    return skill.dataset_type == _DETECTS and {TRAINED, "evaluate"} <= {each.name for each in skill.actions}


class Form(Protocol):
    """A form of a sentence: with the phrases that all forms know behind it, or as its beginning."""

    def __call__(self, *, rest: bool = False) -> re.Pattern[str]: ...


def _then_train(*, rest: bool) -> str:
    between = r"(?P<between> [^;.§@]{1,80}?)?" if rest else ""
    return rf"{_THEN}(?:{'|'.join(_TRAINS)}) {_STUDENT}{between} (?:on|with|from|using) {_LABELS}"


def _ended(form: str, *, rest: bool) -> re.Pattern[str]:
    return re.compile(rf"{_PLEASE}{form}{_BEHIND if rest else _AFTER}")


@lru_cache(maxsize=2)
def _distilling(*, rest: bool = False) -> re.Pattern[str]:
    """``distill TEACHER into STUDENT on PICTURES``."""
    on = rf"(?:on|with|using|over){_PICTURES} §(?P<pictures>\d+)"
    teach = rf"(?:{'|'.join(_VERBS)}) (?:{_TEACHER}|{_OF_JOB}) (?:into|to) {_STUDENT} {on}{_FIND}"
    return _ended(teach, rest=rest)


_EVERY = rf"(?:(?:all|every|each|any|of|the) ){{0,4}}{_THINGS}"
_THEN = r"(?: ?[,;.])?(?: ?(?:and|then|next|afterwards|after that|now|please|use them to|use it to|,))+ "
_BY = rf"(?: (?:with|using|by) (?:{_TEACHER}|{_OF_JOB}))"


@lru_cache(maxsize=2)
def _labelling(*, rest: bool = False) -> re.Pattern[str]:
    """``label THINGS in PICTURES [with TEACHER] and train STUDENT on the labels``."""
    where = rf"(?:in|on|inside|across|from|over){_PICTURES} §(?P<pictures>\d+)"
    look = rf"(?:{'|'.join(_LOOKS)}) {_EVERY} {where}{_BY}?{_LEAST}"
    return _ended(look + _then_train(rest=rest), rest=rest)


@lru_cache(maxsize=2)
def _labelling_with(*, rest: bool = False) -> re.Pattern[str]:
    """``label PICTURES with THINGS and train STUDENT on the labels``."""
    what = rf"(?:with|for|as|:)(?: (?:the )?(?:classes|labels|captions|names))?(?: ?:)? {_EVERY}"
    teacher = rf"(?: (?:using|by) (?:{_TEACHER}|{_OF_JOB}))"
    look = rf"(?:{'|'.join(_LOOKS)}){_PICTURES} §(?P<pictures>\d+) ?{what}{teacher}?{_LEAST}"
    return _ended(look + _then_train(rest=rest), rest=rest)


_QUOTES = " \"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


def _captions(page: Text, found: re.Match[str], starts: list[tuple[int, int]]) -> list[str]:
    """Return what is to be looked for, in the words of the text."""
    begin, end = found.span("captions")
    inside = [i for start, i in starts if begin <= start < end]
    if begin < 0 or not inside:
        return []
    said = page.ledger.original[page.tokens[inside[0]].start : page.tokens[inside[-1]].end]
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", said)
    return list(dict.fromkeys(thing for each in parts if (thing := each.strip(_QUOTES))))
