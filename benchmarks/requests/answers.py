"""What comes out of a request, read and compiled as ``skillbank plan TEXT`` does it, in a case's words."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillbank import errors
from skillbank.bank.documents import read_yaml
from skillbank.bank.skill import Skill
from skillbank.facade.composition import compose
from skillbank.home import home
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.datasets import bindings
from skillbank.plan.hardware import gpu_key, node_key
from skillbank.plan.model import Plan, Question
from skillbank.plan.paths import MISSING, get_path
from skillbank.plan.request import Request
from skillbank.plan.slots import slot
from skillbank.runtime import Runtime

YOUNGER = frozenset({"tao-train-rtdetr", "tao-train-segformer", "tao-train-image-classification"})
"""Skills of our bank that are younger than the sets, whose cases mean other people's of these families."""
CRASHED = "crash"
"""The reason of a refusal that was none: the reader or the planner broke."""
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (errors.OutOfScopeError, "out_of_scope"),
    (errors.AmbiguousSkillError, "ambiguous"),
    (errors.SkillNotFoundError, "no_skill"),
    (errors.ActionNotFoundError, "no_action"),
    (errors.UsageError, "conflict"),
)


@dataclass(frozen=True)
class Asked:
    """One question of a plan; ``of_reading`` when it is about the words and not about what a skill needs."""

    key: str
    text: str = ""
    of_reading: bool = False


@dataclass(frozen=True)
class Planned:
    """One plan that came out.

    Attributes
    ----------
    slots
        As `cases.DEFAULTS` names them; settings by the keys of the spec.
    runs
        Whether nothing stops it: neither a question of its own nor one of the step that it starts from.
    reads
        The data sources that its action reads; None when that is not known.
    shorthands, counts
        Spec keys of short names, and the keys that say GPUs or nodes.
    """

    slots: Mapping[str, Any]
    asked: tuple[Asked, ...] = ()
    runs: bool = True
    reads: frozenset[str] | None = None
    shorthands: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came out of a request.

    Attributes
    ----------
    refused
        Why nothing was planned; None when something was.
    notes
        What is said beside the plans: how the words were read, and the plans' warnings.
    seconds
        Processor time of reading the words.
    """

    plans: tuple[Planned, ...] = ()
    refused: str | None = None
    message: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@contextmanager
def alone() -> Iterator[None]:
    """Work in an empty folder without anybody's settings, so that a case reads the same everywhere."""
    before, here = dict(os.environ), Path.cwd()
    for name in [n for n in os.environ if n.startswith("SKILLBANK_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="skillbank-requests-") as empty:
        os.chdir(empty)
        try:
            yield
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def open_with_jobs(root: Path, banks: Sequence[str] = ()) -> Iterator[Runtime]:
    """A runtime with the skills in a folder's ``bank`` and a store of the jobs in its ``jobs.yaml``.

    With a bank of the folder or a further one, their skills stand for those of our own that are younger.
    """
    own = [str(root / "bank")] if (root / "bank").is_dir() else []
    with (
        tempfile.TemporaryDirectory(prefix="skillbank-requests-") as home,
        Runtime([*own, *banks], database_url=f"sqlite:///{home}/jobs.db") as runtime,
    ):
        if own or banks:
            leave_out(runtime)
        jobs = root / "jobs.yaml"
        for entry in read_yaml(jobs) if jobs.is_file() else ():
            add_job(runtime, entry["id"], entry["skill"], entry["action"])
        yield runtime


def add_job(runtime: Runtime, job: str, skill: str, action: str) -> None:
    """Put a job that is complete into the store of a runtime."""
    entry = {"id": job, "skill": skill, "action": action}
    runtime.jobs.store.create(_record(entry, runtime.library.get(skill).bank))


def leave_out(runtime: Runtime, names: frozenset[str] = YOUNGER) -> None:
    """Have the bank that comes with skillbank without some skills, before anything of it has been asked."""
    for bank in runtime.library.banks:
        if bank.is_own:
            vars(bank)["skills"] = type(bank.skills)(s for s in bank.skills if s.name not in names)


def _record(entry: Mapping[str, Any], bank: str) -> JobRecord:
    return JobRecord(
        id=entry["id"], created=datetime.now(UTC), plan_id="0" * 64,
        plan={"spec": {}, "skill": {"name": entry["skill"], "bank": bank}}, skill=entry["skill"],
        action=entry["action"], platform="local", results_dir=f"/results/{entry['id']}",
        state=JobState.COMPLETE,
    )  # fmt: skip


def job_id(runtime: Runtime, said: str, skill: str) -> str | None:
    """Return the id of a skill's job that a word means: ``last``, an id or its end; None if there is none."""
    try:
        return runtime.jobs.store.get(said, skill=skill, bank=runtime.library.get(skill).bank).id
    except errors.JobNotFoundError:
        return None


def answer(runtime: Runtime, text: str) -> Answer:
    """Read and plan one request. A crash is an answer too: that of a broken reader."""
    begun = time.process_time()
    seconds = None
    try:
        requests, notes = compose(runtime, text, None, None)
        seconds = time.process_time() - begun
        plans = runtime.plan(requests)
        planned = tuple(_planned(runtime, requests, plans))
    except errors.SkillbankError as error:
        reason = next((word for kind, word in _REASONS if isinstance(error, kind)), type(error).__name__)
        message = str(error)
    except Exception as error:
        reason, message = CRASHED, f"{type(error).__name__}: {error}"
    else:
        said = dict.fromkeys([*notes, *(warning for plan in plans for warning in plan.warnings)])
        return Answer(planned, notes=tuple(said), seconds=seconds)
    spent = seconds if seconds is not None else time.process_time() - begun
    return Answer(refused=reason, message=message, seconds=spent)


def asked(plan: Plan) -> tuple[Question, ...]:
    """Return what a plan asks."""
    return plan.questions


def fragments(said: str) -> list[str]:
    """Return the parts of a request that a question or note quotes."""
    return [found.group(2) for found in _QUOTED.finditer(said)]


_QUOTED = re.compile(r"""(?<!\w)(['"`])(.+?)\1(?!\w)""", re.DOTALL)


def _planned(runtime: Runtime, requests: Sequence[Request], plans: Sequence[Plan]) -> Iterator[Planned]:
    stopped: set[str] = set()
    for request, plan in zip(requests, plans, strict=True):
        skill = runtime.library.get(request.skill)
        questions = asked(plan)
        waits = bool(questions) or any(parent.plan in stopped for parent in plan.parents)
        if waits:
            stopped.add(plan.plan_id)
        of_words = {q.key for q in request.questions}
        yield Planned(
            _slots(skill, request, plan),
            tuple(Asked(q.key, _text(q), q.key in of_words) for q in questions),
            not waits,
            sources_of(skill, plan.action, plan.variant),
            skill.shorthands(skill.action(plan.action, plan.variant)),
            _counts(skill, plan),
        )


def _text(question: Question) -> str:
    return " ".join((question.key, question.why, *question.choices))


def _slots(skill: Skill, request: Request, plan: Plan) -> dict[str, Any]:
    """Return what a request and its plan say, in the words of a case."""
    shorthands = skill.shorthands(skill.action(plan.action, plan.variant))
    values = settings({shorthands.get(s.key, s.key): s.value for s in request.settings})
    values = {key: _as_run(value, get_path(plan.spec, key)) for key, value in values.items()}
    slots: dict[str, Any] = {
        "skill": plan.skill.name, "action": plan.action, "variant": plan.variant, "route": plan.route.name,
        "policy": plan.automl_policy.value, "platform": request.platform, "parent": request.parent,
        "pretrained": request.pretrained, "results_root": request.results_root, "image": request.image,
        "gpus": request.gpus, "nodes": request.nodes, "questions": [q.key for q in asked(plan)],
    }  # fmt: skip
    for key, name in _counts(skill, plan).items():
        if key in values and slots[name] in (None, values[key]):
            slots[name] = values.pop(key)
    captions = next((key for key in values if key.rpartition(".")[2] in slot("captions").names), None)
    slots["captions"] = values.pop(captions) if captions is not None else []
    data: dict[str, list[str]] = {}
    ours = str(home() / "taught")
    values.pop("teach.output", None)  # where a teacher writes, and its student reads, is ours to say
    for location in request.data:
        if not location.uri.startswith(ours):
            data.setdefault(location.source, []).append(location.uri)
    return {**slots, "set": values, "data": data}


def settings(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings one value each, under dotted keys; those of a search by the names and units that count.

    A question mark at the end of a key stays there.
    """
    flat: dict[str, Any] = {}
    for key, value in said.items():
        mark = "?" if key.endswith("?") else ""
        for name, each in _leaves(key.removesuffix("?"), value):
            name, each = _of_search(name, each)
            flat[name + mark] = each
    return flat


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(f"{key}.{name}", each)
    else:
        yield key, value


def _of_search(key: str, value: Any) -> tuple[str, Any]:
    """Return a setting of a search by its usual name and value (``2h`` is 7200 seconds)."""
    name = key.removeprefix("automl.")
    if name == key or name.startswith("ranges.") or "." in name:
        return key, value
    from skillbank.automl.settings import AutoMLSettings

    try:
        read = AutoMLSettings.read({name: value}).model_dump(mode="json", exclude_unset=True)
    except errors.SkillbankError:
        return key, value
    return next(((f"automl.{k}", v) for k, v in read.items()), (key, value))


def _as_run(said: Any, run: Any) -> Any:
    """Return a value as the spec has it where the words only wrote it another way (``"5"``, ``fp16``)."""
    if run is MISSING or not isinstance(said, str):
        return said
    return run if not isinstance(run, str) or run.casefold() == said.casefold() else said


def _counts(skill: Skill, plan: Plan) -> dict[str, str]:
    """Return the spec keys of an action that say how many GPUs and nodes it takes."""
    action = skill.action(plan.action, plan.variant)
    info = skill.info_of(action)
    keys = {
        "gpus": (gpu_key(action, info), info.gpu_spec_key),
        "nodes": (node_key(action, info), info.node_spec_key),
    }
    return {key: name for name, both in keys.items() for key in both if key is not None}


@lru_cache(maxsize=256)
def sources_of(skill: Skill, name: str, variant: str | None) -> frozenset[str]:
    """Return the data sources that an action reads."""
    action = skill.action(name, variant)
    return frozenset(row.source for row in bindings(skill, action, skill.template(action)[0])[0])
