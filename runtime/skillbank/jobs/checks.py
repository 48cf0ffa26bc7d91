"""What this machine and this moment say of a plan: what is there, what is missing, what must be answered.

None of it belongs to the plan itself, whose id is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from skillbank.errors import (
    DataError,
    DataNotFoundError,
    PlatformError,
    QuestionsError,
    SkillbankError,
    UsageError,
)
from skillbank.jobs.binding import has_token
from skillbank.jobs.credentials import credential_notes, credential_problems
from skillbank.jobs.data_sets import look_at
from skillbank.jobs.preflight import results_problems, warnings
from skillbank.jobs.seen_data import local_digest, made_by, named_paths
from skillbank.nearby import at_home, near_path
from skillbank.plan.model import Frozen, InputBinding, Plan, Question
from skillbank.plan.open_points import open_points
from skillbank.plan.products import WEIGHT_FILES
from skillbank.platforms.base import Platform
from skillbank.platforms.slots import visible_gpus
from skillbank.storage import hub
from skillbank.storage.absence import absent
from skillbank.storage.progress import Report
from skillbank.storage.staging import Found, locate
from skillbank.storage.uri import parse_uri
from skillbank.team.places import hidden
from skillbank.ways import Sentence, Told, marked

__all__ = ["Checks", "Place", "check", "refuse"]

State = Literal["found", "made", "missing", "misnamed", "unreachable", "unusable", "left_out", "unseen"]
_STATES: tuple[tuple[type[SkillbankError], State], ...] = (
    (UsageError, "misnamed"),
    (DataNotFoundError, "missing"),
    (PlatformError, "unreachable"),
    (SkillbankError, "unusable"),
)
"""What an error says of a place; a launch is refused with the first of these errors that occurs."""
_ELSEWHERE = ("s3://", "https://")
_USUAL = (".safetensors", ".bin", ".pth")
"""How weights in a folder usually end."""
_SEVERAL = "model_index.json"
"""Stands in a folder of several models, whose weights lie in folders of it."""


class Place(Frozen):
    """One input and whether it is there.

    ``bytes`` is the size of a local file, ``digest`` stands for what lies there, see
    `skillbank.jobs.data_digest`. ``made`` is made of the data set that lies there; ``left_out`` is an
    optional input that nobody named; ``unseen`` lies elsewhere, is made by an earlier step, or takes long
    to look at; ``misnamed`` is no place that there can be.
    """

    key: str
    uri: str
    state: State
    kind: Literal["file", "folder", "model hub", ""] = ""
    bytes: int | None = None
    digest: str = Field(default="", exclude_if=lambda value: not value)


class Checks(Frozen):
    """What was seen.

    Attributes
    ----------
    problems
        Sentences, each of which ends a launch.
    questions
        What must be answered on this machine.
    notes
        Sentences for whoever approves.
    data
        What each data set was recognised as and what is made of it, with counts: the second line to the plan
        read back. Empty where all files are used as they lie.
    gpus
        How many GPUs a process started here may use; None where that is not known or plays no part.
    trust
        The state of the plan's bank when it comes from outside: trusted, changed or untrusted.
    """

    places: tuple[Place, ...] = ()
    problems: tuple[Told, ...] = ()
    questions: tuple[Question, ...] = ()
    notes: tuple[Told, ...] = ()
    data: tuple[Told, ...] = Field(default=(), exclude_if=lambda value: not value)
    gpus: int | None = None
    trust: str = Field(default="", exclude_if=lambda value: not value)

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way of a launch."""
        return not self.problems and not self.questions

    @property
    def missing(self) -> tuple[Place, ...]:
        """What was named and is not there."""
        return tuple(place for place in self.places if place.state == "missing")


def check(
    plan: Plan,
    *,
    platform: Platform | None = None,
    remote: bool = False,
    earlier: Sequence[Plan] = (),
    report: Report | None = None,
) -> Checks:
    """Look at everything that a plan names; nothing is moved, and archives are unpacked into the cache alone.

    Parameters
    ----------
    platform
        Where the plan is to run; when given, what is known here against that is said as well.
    remote
        Whether places elsewhere (S3, https, the model hub) are asked as well, large files are read, and all
        pictures decoded.
    earlier
        Plans of the same chain that run before: what they are told to write need not be there yet.
    report
        Told how far it is.
    """
    made = made_by(earlier)
    data = look_at(plan, whole=remote, made=made, report=report)
    places: list[Place] = []
    missing: list[InputBinding] = []
    problems: list[str] = []
    notes: list[str] = []
    for binding in plan.inputs:
        if binding.runtime == "value" or has_token(binding.uri):
            continue
        if (taken := data.state(binding)) is not None:
            places.append(Place(key=binding.key, uri=binding.uri, state=taken))
            continue
        try:
            place, said = _look(plan, binding, remote, made)
            notes += said
        except SkillbankError as error:
            state = next(state for kind, state in _STATES if isinstance(error, kind))
            place = Place(key=binding.key, uri=binding.uri, state=state)
            if state == "missing" and not binding.on_hub:
                missing.append(binding)
            else:
                problems.append(error.sentence)
        places.append(place)
    problems = [*absent(missing), *problems, *data.problems, *results_problems(plan)]
    against, unseen = _against(plan, platform)
    notes += [*data.notes, *warnings(plan, data.samples)]
    notes += _unread_paths(plan)
    notes += unseen
    questions, gpus = _open_questions(plan)
    return Checks(
        places=tuple(places),
        problems=tuple(dict.fromkeys([*problems, *against])),
        questions=questions,
        notes=tuple(dict.fromkeys(notes)),
        data=data.said,
        gpus=gpus,
    )


def _against(plan: Plan, platform: Platform | None) -> tuple[list[str], list[str]]:
    """Return why the plan cannot run where it is to, as far as that is known here, and notes."""
    if platform is None:
        return [], []
    problems = credential_problems(plan, platform)
    try:
        problems = [*platform.known_problems(plan), *problems]
        notes = platform.known_notes(plan)
    except PlatformError as error:  # nothing is known of a platform whose profile cannot be read
        notes = [error.sentence]
    return problems, [*notes, *credential_notes(plan, platform)]


def _open_questions(plan: Plan) -> tuple[tuple[Question, ...], int | None]:
    """Return what a plan asks on a machine such as this one, and how many GPUs it has if that was asked."""
    if not plan.questions_with_gpu or plan.platform != "local":
        return (), None
    gpus = visible_gpus()
    return (plan.questions_with_gpu if gpus and plan.resources.gpus else ()), gpus


def refuse(plan: Plan, checks: Checks) -> None:
    """Raise what the checks found against a launch, all of it in one error.

    Raises
    ------
    QuestionsError
        When the plan asks something.
    UsageError, DataNotFoundError, PlatformError, DataError
        When something that was named cannot be there, is not, cannot be asked for, or cannot be used.
    """
    questions = (*plan.questions, *checks.questions)
    if questions:
        raise QuestionsError(
            f"the plan has open questions: {open_points(questions).marked}; answer them in the request"
        )
    if checks.problems:
        states = {place.state for place in checks.places}
        kind = next((kind for kind, state in _STATES[:-1] if state in states), DataError)
        raise kind(Sentence("; ".join(map(marked, checks.problems))))


def _look(plan: Plan, binding: InputBinding, remote: bool, made: Sequence[Path]) -> tuple[Place, list[str]]:
    """Return what is at an input's place, and sentences for whoever approves."""
    place = Place(key=binding.key, uri=binding.uri, state="unseen")
    if binding.on_hub:
        return _on_hub(plan, place, remote)
    if not remote and binding.uri.lower().startswith(_ELSEWHERE):
        return place, []
    uri = parse_uri(binding.uri)
    try:
        found = locate(binding)
        _refuse_empty(place, found)
        _refuse_no_model(binding, found)
        return _found(plan, place, found), []
    except DataNotFoundError:
        if uri.scheme == "file" and any(uri.path.is_relative_to(path) for path in made):
            return place, []
        if binding.optional:
            note = f"{place.key} is left out: {place.uri}, which nobody named, is not there"
            return place.model_copy(update={"state": "left_out"}), [note]
        raise


def _refuse_empty(place: Place, found: Found) -> None:
    """Raise `DataError` for a local file of no bytes, or a folder that holds nothing."""
    if found.uri.scheme != "file":
        return
    path = found.uri.path
    try:
        size = None if found.folder else path.stat().st_size
        nothing = next(path.iterdir(), None) is None if found.folder else size == 0 and path.is_file()
    except OSError as error:
        raise DataError(f"{path}, the data for {place.key}, cannot be read: {error.strerror}") from None
    if nothing:
        what = "an empty folder" if found.folder else "an empty file (0 bytes)"
        raise DataError(f"{path}, the data for {place.key}, is {what}; bring what belongs there")


def _refuse_no_model(binding: InputBinding, found: Found) -> None:
    """Raise `DataError` for a local folder that is named as a model, as a name on the hub is, and is none."""
    if not binding.hub or not found.folder or found.uri.scheme != "file":
        return
    folder = found.uri.path
    if not any(each.name.lower().endswith((*WEIGHT_FILES, _SEVERAL)) for each in folder.iterdir()):
        raise DataError(
            f"{folder}, the model for {binding.key}, is a folder without weights ({', '.join(_USUAL)}); give "
            "one that transformers saved, or a file of weights"
        )


def _found(plan: Plan, place: Place, found: Found) -> Place:
    size, digest = None, ""
    if found.uri.scheme == "file":
        digest = local_digest(plan, found.uri.path)
        size = None if found.folder else found.uri.path.stat().st_size
    kind = "folder" if found.folder else "file"
    return place.model_copy(update={"state": "found", "kind": kind, "bytes": size, "digest": digest})


def _on_hub(plan: Plan, place: Place, remote: bool) -> tuple[Place, list[str]]:
    """Look for a model of the hub, in this user's cache of it where the job will see that."""
    place = place.model_copy(update={"kind": "model hub"})
    here = plan.platform == "local"
    if here and hub.cached(place.uri):
        return place.model_copy(update={"state": "found"}), []
    notes, path = [], Path(place.uri)
    if not hidden(path) and path.parent.is_dir():
        notes.append(
            f"{place.uri} ({place.key}) is meant as a model of the hub: the folder {path.parent} here "
            f"holds no {path.name}{near_path(path)}"
        )
    if not remote:
        return place, notes
    try:
        hub.find(place.uri, place.key, logged_in=here)
    except PlatformError as error:
        if here:
            raise
        return place, [
            *notes,
            Sentence(f"{error.sentence.marked}; the job on {plan.platform} asks for itself"),
        ]
    return place.model_copy(update={"state": "found"}), notes


def _unread_paths(plan: Plan) -> Iterator[str]:
    """Say which paths of the user's own settings are not on this machine and no declared input."""
    declared = {binding.key for binding in plan.inputs} | set(plan.outputs)
    for key, value in named_paths(plan):
        if key not in declared and not at_home(Path(value)).exists():
            yield f"{key} names {value}, which is not on this machine; the program gets it as it is"
