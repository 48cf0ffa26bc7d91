"""Every verb with every set of rights, on a thing of the own project and of another one: nothing leaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillbank import Request, Runtime
from skillbank.automl import control
from skillbank.errors import DataError, ForbiddenError, NotFoundError, SkillbankError, StateError
from skillbank.home import results_root
from skillbank.plan.request import DataLocation, Setting
from skillbank.team import audit, places
from skillbank.team.acting import acting_as
from skillbank.team.quota import Kind, Quota
from skillbank.team.quotas import Quotas
from skillbank.team.rights import Right
from skillbank.team.tokens import Tokens
from tests.team.conftest import EVERY, Things, person

L, P, LABEL, LAUNCH = Right.LOOK, Right.PLAN, Right.LABEL, Right.LAUNCH
APPROVE, ADMINISTER = Right.APPROVE, Right.ADMINISTER
ZOES = Quota(Kind.USER, "zoe", running=9)
ABSENT = Things("", "0", None, "000000-x", "000000-y", "000000-z", "0000000")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Verb:
    """What somebody does to a thing, and the rights that it takes; None for what names no thing."""

    name: str
    does: Callable[[Runtime, Things], Any]
    rights: frozenset[Right]
    names: bool = True
    """Whether it names a thing, so that another project's is answered as one that is not there."""
    may_fail: tuple[type[SkillbankError], ...] = ()
    """What it answers of a thing that is there, beyond success: it got past the rights."""


def _verb(name: str, does: Callable[[Runtime, Things], Any], *rights: Right, **more: Any) -> Verb:
    return Verb(name, does, frozenset(rights), **more)


def plan_id(of: Things) -> str:
    return "f" * 64 if of.plan is None else of.plan.plan_id


def evaluation(of: Things) -> Request:
    return Request(skill="toy-detector", action="evaluate", parent=of.job)


def on_place(place: Path) -> Request:
    data = DataLocation(source="train_datasets", uri=str(place))
    return Request(skill="toy-detector", action="train", data=(data,))


def evaluation_of(file: Path) -> Request:
    setting = Setting(key="evaluate.checkpoint", value=str(file))
    return Request(skill="toy-detector", action="evaluate", settings=(setting,))


def there_and_back(runtime: Runtime, name: str) -> None:
    runtime.sets.rename(name, f"{name}-2", "ann")
    runtime.sets.rename(f"{name}-2", name, "ann")


VERBS = [
    _verb("status", lambda r, t: r.status(t.job), L),
    _verb("wait", lambda r, t: r.wait(t.job, timeout=0), L),
    _verb("logs", lambda r, t: list(r.logs(t.job)), L),
    _verb("results", lambda r, t: r.results(t.job), L),
    _verb("progress", lambda r, t: r.jobs.progress(t.job), L),
    _verb("by its beginning", lambda r, t: r.status(t.job[:8]), L),
    _verb("list", lambda r, t: r.jobs.store.list(), L, names=False),
    _verb("last", lambda r, t: r.status("last"), L, names=False),
    _verb("last:train", lambda r, t: r.status("last:train"), L, names=False),
    _verb("newest", lambda r, t: r.jobs.store.newest(20, trials=True), L, names=False),
    _verb("plan of the store", lambda r, t: r.jobs.store.get_plan(plan_id(t)), L),
    _verb("find a search", lambda r, t: control.find(r.jobs, t.search), L),
    _verb("search 'last'", lambda r, t: control.find(r.jobs, "last"), L, names=False),
    _verb(
        "pause a search", lambda r, t: control.paused(r.jobs, control.find(r.jobs, t.search)), L, LAUNCH,
        may_fail=(StateError,),
    ),
    _verb("cancel", lambda r, t: r.cancel(t.running), L, LAUNCH),
    _verb("open a set", lambda r, t: r.sets.open(t.labels).summary(), L),
    _verb("pictures", lambda r, t: r.sets.open(t.labels).pictures(), L),
    _verb("names of sets", lambda r, t: r.sets.names(), L, names=False),
    _verb("list sets", lambda r, t: r.sets.list(), L, names=False),
    _verb("export", lambda r, t: r.sets.open(t.labels).data_set(reviewed_only=False), L),
    _verb("make a set", lambda r, t: r.sets.create("new", who="ann"), LABEL, names=False),
    _verb("change a set", lambda r, t: r.sets.open(t.labels).change_class(1, "ann", name="gate"), L, LABEL),
    _verb("claim a picture", lambda r, t: r.sets.open(t.labels).next("ann"), L, LABEL),
    _verb("undo", lambda r, t: r.sets.open(t.labels).undo("ann"), L, LABEL),
    _verb("rename a set", lambda r, t: there_and_back(r, t.labels), L, LABEL),
    _verb("plan", lambda r, t: r.plan("train toy-detector on s3://b/d, no HPO"), P, names=False),
    _verb("keep", lambda r, t: r.keep(r.plan("train toy-detector on s3://b/d")[0]), P, names=False),
    _verb("plan on a set", lambda r, t: r.plan(f"train toy-detector on set:{t.labels}"), L, P,
          may_fail=(DataError,)),
    _verb("plan from a job", lambda r, t: r.plan(evaluation(t)), L, P),
    _verb("plan on results", lambda r, t: r.plan(on_place(results_root() / t.job)), L, P),
    _verb("plan from results", lambda r, t: r.plan(evaluation_of(results_root() / t.job / "m.pth")), L, P),
    _verb("approve", lambda r, t: r.jobs.store.approve(plan_id(t)), L, APPROVE),
    _verb("launch", lambda r, t: r.launch(r.jobs.store.get_plan(plan_id(t)), retries=0), L, LAUNCH, APPROVE),
    _verb("make a token", lambda r, t: Tokens(r.jobs.store.engine).list(), ADMINISTER, names=False),
    _verb("audit", lambda r, t: next(audit.lines(r.jobs.store.engine), None), ADMINISTER, names=False),
    _verb("list quotas", lambda r, t: Quotas(r.jobs.store.engine).list(), ADMINISTER, names=False),
    _verb("set a quota", lambda r, t: Quotas(r.jobs.store.engine).set(ZOES), ADMINISTER, names=False),
    _verb("remove", lambda r, t: r.jobs.store.remove(t.job), L, ADMINISTER),
    _verb("remove a set", lambda r, t: r.sets.remove(t.labels, "ann"), L, LABEL),
]  # fmt: skip
SETS_OF_RIGHTS = sorted(
    [frozenset(), *(frozenset({each}) for each in Right), *(EVERY - {each} for each in Right), EVERY],
    key=len,
)


def outcome(runtime: Runtime, verb: Verb, thing: Things, rights: frozenset[Right]) -> tuple[str, str]:
    """What somebody of ``det`` is answered: a kind, and all of its text."""
    with acting_as(person("det", rights), "rest", "10.0.0.1"):
        try:
            found = verb.does(runtime, thing)
        except ForbiddenError as error:
            return "forbidden", str(error)
        except NotFoundError as error:
            return "not there", str(error)
        except SkillbankError as error:
            return type(error).__name__, str(error)
        return "done", repr(found)


def without_names(text: str, thing: Things) -> str:
    """A text without the names that the caller gave."""
    given = {thing.job, thing.running, thing.search, thing.labels, thing.job[:8], plan_id(thing)}
    for name in sorted(given, key=len, reverse=True):
        text = text.replace(name, "IT")
    return text


def test_what_may_be_done_follows_from_rights_and_project_alone(
    runtime: Runtime, pair: tuple[Things, Things], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = pair
    monkeypatch.setattr(
        places, "_served", places.DataRoots({places.ALL: (str(data), "s3://b")}, runtime.jobs.store.has)
    )
    wrong: list[tuple[str, list[str], str, str]] = []
    tried = 0

    def expect(right: bool, verb: Verb, rights: frozenset[Right], of: str, said: str) -> None:
        if not right:
            wrong.append((verb.name, sorted(rights), of, said))

    for verb in VERBS:
        lacking = [rights for rights in SETS_OF_RIGHTS if not verb.rights <= rights]
        enough = [rights for rights in SETS_OF_RIGHTS if verb.rights <= rights]
        for rights in lacking:
            for of, thing in (("own", mine), ("other", theirs)):
                kind, said = outcome(runtime, verb, thing, rights)
                tried += 1
                hidden = of == "other" and verb.names and ADMINISTER not in rights
                expect(kind == "forbidden" or (hidden and kind == "not there"), verb, rights, of, said)
                expect(
                    ADMINISTER in rights or theirs.mark not in without_names(said, thing),
                    verb,
                    rights,
                    of,
                    said,
                )
        if verb.names:
            for rights in enough:
                if ADMINISTER in rights:
                    continue  # sees every project, and does so below
                other, absent = (outcome(runtime, verb, thing, rights) for thing in (theirs, ABSENT))
                tried += 2
                expect(other[0] == absent[0] == "not there", verb, rights, "other", other[1])
                same = without_names(other[1], theirs) == without_names(absent[1], ABSENT)
                expect(same, verb, rights, "other as absent", f"{other[1]} | {absent[1]}")
        kind, said = outcome(runtime, verb, mine, enough[0])
        allowed = {"done", *(error.__name__ for error in verb.may_fail)}
        expect(kind in allowed, verb, enough[0], "own", said)
        expect(ADMINISTER in enough[0] or theirs.mark not in said, verb, enough[0], "own", said)
        if verb.names and verb.name != "launch":  # an administrator's approval is of the own project
            kind, said = outcome(runtime, verb, theirs, EVERY)
            expect(kind in allowed, verb, EVERY, "other, administering", said)
        tried += 2
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 600
