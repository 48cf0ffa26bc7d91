"""A teacher and its student in one sentence: "distill the last TEACHER into STUDENT on photos/".

Or by what they do: "label cats in photos/ and train STUDENT on the labels". The teacher is a model that finds
what a text describes; it labels the pictures, the student is trained on the labels, and both are measured on
the truth that is named. What else is said is read as of a training of the student on its labels.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.engines import EngineFacts, own_engine
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError
from skillbank.home import home
from skillbank.plan.model import WORDS, Question
from skillbank.plan.planner import split_command
from skillbank.plan.products import trains
from skillbank.plan.reader.data_line import place_of, unclaimed_line
from skillbank.plan.reader.jobs import JobSkill, skill_of
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.roots import absolute
from skillbank.plan.reader.skill_meant import skill_that_finds
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.ways import Sentence, marked

__all__ = ["Trained", "student_requests", "teaches"]

Trained = Callable[[Skill], str]
"""Returns the id of the last training of a skill; raises `JobNotFoundError` where there is none."""
_TEACHES = f"{OWN}:skillbank-label-set"
_DETECTS = "object_detection"
_SOURCE = "a student is trained once"
_VERBS = frozenset({"distill", "distil", "label", "annotate", "find", "detect", "locate"})
"""One of them stands in every sentence of a teacher."""
_STARTS = re.compile(r"\A|[.:!?] ?")
_OF_ALL = re.compile(r"\b(?:both|everything|all (?:of it|of them|steps|three|two))\b")
"""What is said of the teacher too, and no training of the student can be read from."""
_QUOTES = " \"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


class Taught(NamedTuple):
    """The teacher's step, a request for what is said of its student, and the steps that measure both."""

    teach: Request
    rest: str
    output: str
    measured: tuple[Request, ...] = ()

    def joined(self, text: str, read: Sequence[Request]) -> list[Request]:
        """Return all steps, where the rest has been read: they run here, and search nothing."""
        unread = tuple(q for q in read[0].questions if q.key == WORDS)  # it stops the teacher too
        first, *both = (
            each.model_copy(update={"questions": (*each.questions, *unread)})
            for each in (self.teach, *self.measured)
        )
        train, *further = (self._of_student(text, each) for each in read)
        return [first, train, *both, *further]

    def _of_student(self, text: str, request: Request) -> Request:
        """Return a step that the rest was read as: on the labels, here, and as no search."""
        here: dict[str, object] = {
            "text": text,
            "platform": request.platform or "local",
            "data": tuple(map(self._placed, request.data)),
            "questions": tuple(map(self._told, request.questions)),
        }
        if not trains(request.action):
            here |= {"automl": None, "automl_source": "default"}
        elif request.automl in (None, "off"):
            here |= {"automl": "off", "automl_source": _SOURCE}
        return request.model_copy(update=here)

    def _told(self, question: Question) -> Question:
        """Return a question with the place of the labels where it speaks of another for it."""
        why = Sentence(marked(question.why).replace(_there(self.output), self.output))
        return question.model_copy(update={"why": why})

    def _placed(self, data: DataLocation) -> DataLocation:
        """Return data with the place of the labels where the text that was read has another for it."""
        folder, _, split = data.uri.rpartition("/")
        here = folder == _there(self.output)
        return data.model_copy(update={"uri": f"{self.output}/{split}"}) if here else data


def _there(output: str) -> str:
    """Return what stands for the folder of the labels while a request for the student is read.

    A home may have any name, and nobody says this one.
    """
    return f"/taught/{Path(output).name}"


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
    words = unclaimed_line(page)
    line = words.text
    found = _begun(page, line) if skill is None else None
    if found is None:
        return None
    both = _truth().match(line, found.end())
    end = found.end() if both is None else both.end()
    pair = _pair(page, found, library, job_skill)
    if pair is None or _OF_ALL.search(line, end):
        return None
    teacher, student = pair

    def behind(first: int, end: int) -> str:
        return page.ledger.said(words.inside(first, end))

    teach, output = _teach(page, found, teacher, _captions(behind(*found.span("captions"))), trained)
    between = (found.groupdict().get("between") or "").strip()
    named, there = page.ledger.said([int(found["student"])]), _there(output)
    train = f"train {named} on {there}/train, validation data {there}/val {between and f', {between}'}"
    lead = behind(0, found.start()).rstrip(" .:!?")  # "The tablet is slow. Distill ..."
    said = behind(found.end(), both.start("both") if both else end)
    rest = f"{lead and f'{lead}. '}{train} {said} {behind(end, len(line))}"
    measured = _measured(page, both["truth"], teacher, student, teach.parent) if both else ()
    return Taught(teach, rest, output, tuple(measured))


def _begun(page: Text, line: str) -> re.Match[str] | None:
    """Return what a sentence says of a teacher and its student; without a verb of one no form is compiled.

    What stands before it names no place, model, job or number.
    """
    spoken = not _VERBS.isdisjoint(token.text for token in page.tokens)
    named = re.search(r"[§@\d]|\bjob\b", line)
    starts = (m.end() for m in _STARTS.finditer(line, 0, named.start() if named else 0)) if spoken else ()
    return next((match for at in starts for form in _forms() if (match := form.match(line, at))), None)


def _pair(
    page: Text, found: re.Match[str], library: Library, job_skill: JobSkill | None
) -> tuple[Skill, Skill] | None:
    """Return the teacher and the student of a sentence; None where they are no such pair.

    A job of another skill than the teacher's is no teacher.
    """
    teacher, student = _teacher(page, found, library), _named(page, found["student"])
    if teacher is None or student is None or not teaches(teacher, student):
        return None
    job = found["job"] or found.groupdict().get("only")
    ran = skill_of(job_skill, job) if job is not None else None
    return (teacher, student) if ran is None or ran.rpartition(":")[2] == teacher.name else None


@lru_cache(maxsize=1)
def _forms() -> list[re.Pattern[str]]:
    """Return the forms of sentences of a teacher and its student, up to what is said behind."""
    return [re.compile(source) for source in phrases("students.forms")]


@lru_cache(maxsize=1)
def _truth() -> re.Pattern[str]:
    """Return where both are measured: right behind the labels, but for how long the student is trained."""
    return re.compile(phrase("students.truth"))


def teaches(teacher: Skill, student: Skill) -> bool:
    """Whether one skill finds what a text describes, and the other trains and evaluates a detector."""
    engine = _engine(teacher)
    learns = {"train", "evaluate"} <= {each.name for each in student.actions}
    known = engine is not None and engine.labels_by_description
    return known and teacher is not student and student.dataset_type == _DETECTS and learns


def _engine(skill: Skill) -> EngineFacts | None:
    train = next((each for each in skill.actions if each.name == "train"), None)
    command = split_command(train.command) if train is not None else ()
    return own_engine(command[0]) if command else None


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
    page: Text, found: re.Match[str], teacher: Skill, captions: list[str], trained: Trained | None
) -> tuple[Request, str]:
    """Return the step of the teacher, and where its labels will lie."""
    photos, said = place_of(page, found["pictures"]), found.groupdict()
    engine = _engine(teacher)
    assert engine is not None
    job, why = said["job"] or said.get("only"), ""
    if job is None and said["last"]:
        job, why = _last(teacher, trained)
    elif job is None and not captions:
        why = (
            f"nothing says which model teaches: say 'the last' of {teacher.name}, 'from job JOB', or "
            f"what to look for (to find cat and dog), and {engine.hub_model} of the model hub does"
        )
    least = said.get("least")
    told = "\0".join([absolute(photos), job or engine.hub_model, *captions, *([least] if least else [])])
    output = str(home() / "taught" / hashlib.sha256(told.encode()).hexdigest()[:16])
    settings: dict[str, object] = {
        "teach.captions": captions,
        "teach.model": engine.hub_model if job is None and not why else None,
        "teach.output": output,
        "teach.least": float(least) if least else None,
    }
    teach = Request(
        skill=_TEACHES, action="teach", data=(DataLocation(source="inference_dataset", uri=photos),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items() if value),
        parent=job, platform="local", questions=(Question(key="teacher", why=why),) if why else (),
        text=page.ledger.original,
    )  # fmt: skip
    return teach, output


def _last(teacher: Skill, trained: Trained | None) -> tuple[str | None, str]:
    """Return the last training of a teacher, and what is to be asked where there is none."""
    try:
        if trained is not None:
            return trained(teacher), ""
        why = f"no training of {teacher.name} is known here"
    except SkillbankError as error:
        why = Sentence(error.sentence.marked.rstrip("."))
    return None, Sentence(f"{marked(why)}; train one first, or name a job: from job JOB")


def _measured(page: Text, truth: str, teacher: Skill, student: Skill, job: str | None) -> Iterator[Request]:
    """Yield the evaluations on what is true: of the teacher, where a job is, and of its student."""
    measured = Request(
        skill=student.qualified, action="evaluate", platform="local", text=page.ledger.original,
        data=(DataLocation(source="eval_dataset", uri=place_of(page, truth)),),
    )  # fmt: skip
    if job is not None:
        yield measured.model_copy(update={"skill": teacher.qualified, "parent": job})
    yield measured


def _captions(said: str) -> list[str]:
    """Return what is to be looked for, in the words of the text."""
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", said)
    return list(dict.fromkeys(thing for each in parts if (thing := each.strip(_QUOTES))))
