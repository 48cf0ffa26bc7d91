"""``skillbank eval requests``: how well plain language is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options, terminal

if TYPE_CHECKING:
    from skillbank.plan.evaluation import Answer, Score
    from skillbank.runtime import Runtime

app = typer.Typer(help="Measure the reading of requests.", no_args_is_help=True)

Folders = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[DIR]...", help="Folders of request files; default: tests/requests."),
]


@app.callback()
def _group() -> None:
    """Keep 'requests' a subcommand although it is the only one."""


@app.command()
def requests(folders: Folders = None, banks: options.Banks = None, as_json: options.Json = False) -> None:
    """Read requests, compare the plans with the expected ones, and list what differs."""
    from skillbank.errors import DataNotFoundError
    from skillbank.plan.evaluation import score

    given = folders or [Path("tests/requests")]
    missing = next((f for f in given if not f.is_dir()), None)
    if missing is not None:
        raise DataNotFoundError(f"There is no folder {missing}; give a folder of request files.")
    halves = {name: [f.resolve() for f in files] for name, files in _halves(given).items()}
    if not halves:
        raise DataNotFoundError(f"There are no request files (*.yaml) in {', '.join(map(str, given))}.")
    root = _root(given[0].resolve())
    bank = [str(root / "bank")] if (root / "bank").is_dir() else []
    extra = [str(Path(b).resolve()) for b in banks or ()]
    scores = {}
    with alone(), open_with_jobs([*bank, *extra], root / "jobs.yaml") as runtime:
        for name, files in halves.items():
            scores[name] = score(_verdicts(runtime, files))
    if as_json:
        options.print_json({name: s.document() for name, s in scores.items()})
    else:
        _show(scores)
    if any(s.exact < s.cases for s in scores.values()):
        raise typer.Exit(1)


def _halves(folders: list[Path]) -> dict[str, list[Path]]:
    """Return the files of cases by the name of their folder, folders below the given ones included."""
    halves: dict[str, list[Path]] = {}
    for folder in folders:
        inner = (
            [f for f in sorted(folder.iterdir()) if f.is_dir() and f.name != "bank"]
            if folder.is_dir()
            else []
        )
        files = sorted(f for f in folder.glob("*.yaml") if f.name != "jobs.yaml")
        if files:
            halves[folder.name] = files
        for half in inner:
            if found := sorted(half.glob("*.yaml")):
                halves[half.name] = found
    return halves


def _root(folder: Path) -> Path:
    """Find the folder with the jobs of the set, upwards from the cases."""
    return next((f for f in (folder, *folder.parents[:2]) if (f / "jobs.yaml").is_file()), folder)


@contextmanager
def alone() -> Iterator[None]:
    """Work in an empty folder without anybody's settings, so that a case reads the same everywhere."""
    import tempfile

    before, here = dict(os.environ), Path.cwd()
    for name in [n for n in os.environ if n.startswith("SKILLBANK_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="skillbank-eval-") as empty:
        os.chdir(empty)
        try:
            yield
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def open_with_jobs(banks: list[str], jobs: Path) -> Iterator[Runtime]:
    """A runtime whose job store holds the jobs of the set and nothing else."""
    import tempfile

    from skillbank.bank.documents import read_yaml
    from skillbank.runtime import Runtime

    with (
        tempfile.TemporaryDirectory(prefix="skillbank-eval-") as home,
        Runtime(banks, database_url=f"sqlite:///{home}/jobs.db") as runtime,
    ):
        for entry in read_yaml(jobs) if jobs.is_file() else ():
            runtime.jobs.store.create(_record(entry))
        yield runtime


def _record(entry: dict[str, Any]) -> Any:
    from datetime import UTC, datetime

    from skillbank.jobs.record import JobRecord, JobState

    return JobRecord(
        id=entry["id"], created=datetime.now(UTC), plan_id="0" * 64, plan={"spec": {}}, skill=entry["skill"],
        action=entry["action"], platform="local", results_dir=f"/results/{entry['id']}",
        state=JobState.COMPLETE,
    )  # fmt: skip


def _verdicts(runtime: Runtime, files: list[Path]) -> Iterator[Any]:
    from skillbank.bank.documents import read_yaml
    from skillbank.plan.evaluation import Case, judge

    def resolve(job: str) -> str | None:
        from skillbank.errors import JobNotFoundError

        try:
            return runtime.jobs.store.get(job).id
        except JobNotFoundError:
            return None

    for file in files:
        for document in read_yaml(file):
            case = Case.parse(document)
            yield judge(case, answer(runtime, case.text), resolve)


def answer(runtime: Runtime, text: str) -> Answer:
    """Read and plan one request, and return its plans as slots."""
    from skillbank.errors import SkillbankError
    from skillbank.plan.evaluation import Answer

    try:
        reading = runtime.read(text)
        plans = runtime.plan(reading.requests)
    except SkillbankError as error:
        return Answer(refused=_reason(error), message=str(error))
    slots = [_slots(runtime, r, p) for r, p in zip(reading.requests, plans, strict=True)]
    return Answer(tuple(slots), not_understood=reading.not_understood)


def _reason(error: Exception) -> str:
    from skillbank import errors

    kinds = (
        (errors.OutOfScopeError, "out_of_scope"),
        (errors.AmbiguousSkillError, "ambiguous"),
        (errors.SkillNotFoundError, "no_skill"),
        (errors.ActionNotFoundError, "no_action"),
        (errors.UsageError, "conflict"),
    )
    return next((reason for kind, reason in kinds if isinstance(error, kind)), type(error).__name__)


def _slots(runtime: Runtime, request: Any, plan: Any) -> dict[str, Any]:
    """Return what a request and its plan say, in the words of the set."""
    from skillbank.plan.hardware import gpu_key, node_key

    skill = runtime.library.get(request.skill)
    action = skill.action(plan.action, plan.variant)
    info = skill.info_of(action)
    shorthands = skill.shorthands(action)
    values = {shorthands.get(s.key, s.key): s.value for s in request.settings}
    counts = {
        "gpus": (gpu_key(action, info), info.gpu_spec_key),
        "nodes": (node_key(action, info), info.node_spec_key),
    }
    slots: dict[str, Any] = {
        "skill": plan.skill.name, "action": plan.action, "variant": plan.variant, "route": plan.route.name,
        "policy": plan.automl_policy.value, "platform": request.platform, "parent": request.parent,
        "pretrained": request.pretrained, "results_root": request.results_root,
        "questions": [q.key for q in plan.questions],
        "captions": values.pop("dataset.infer_data_sources.captions", []),
    }  # fmt: skip
    for name, keys in counts.items():
        said = [values.pop(k) for k in dict.fromkeys(keys) if k in values]
        slots[name] = getattr(request, name) if getattr(request, name) is not None else next(iter(said), None)
    slots["set"] = values
    data: dict[str, list[str]] = {}
    for location in request.data:
        data.setdefault(location.source, []).append(location.uri)
    slots["data"] = data
    slots["reads"] = _reads(skill, action.name, action.variant)
    return slots


@lru_cache(maxsize=256)
def _reads(skill: Any, name: str, variant: str | None) -> frozenset[str]:
    """Return the data sources that an action reads."""
    from skillbank.plan.datasets import bindings

    action = skill.action(name, variant)
    return frozenset(r.source for r in bindings(skill, action, skill.template(action)[0])[0])


def _show(scores: dict[str, Score]) -> None:
    from skillbank.cli.styled import line
    from skillbank.cli.styled import table as new_table

    documents = {name: s.document() for name, s in scores.items()}
    table = new_table("", *documents)
    table.add_row("requests", *(str(d["cases"]) for d in documents.values()))
    table.add_row("exact", *(f"{d['exact']} ({d['accuracy']:.1%})" for d in documents.values()))
    for slot in next(iter(documents.values()))["slots"]:
        table.add_row(f"  {slot}", *(f"{d['slots'][slot]:.1%}" for d in documents.values()))
    for part in ("precision", "recall", "reasons"):
        table.add_row(f"abstention {part}", *(f"{d['abstention'][part]:.1%}" for d in documents.values()))
    table.add_row("false launches", *(str(len(d["false_launches"])) for d in documents.values()))
    terminal.show(table)
    for name, document in documents.items():
        for launch in document["false_launches"]:
            terminal.show(line(f"false launch in {name}: {launch}", "bold red"))
        for failure in document["failures"]:
            terminal.say()
            terminal.show(line(f"{failure['id']}: {failure['text'].strip()}", "yellow"))
            for d in failure["differences"]:
                where = (
                    f"plan {d['plan'] + 1}, "
                    if d["slot"] not in ("refuse", "plans", "not_understood")
                    else ""
                )
                terminal.show(line(f"  {where}{d['slot']}: expected {d['expected']!r}, got {d['got']!r}"))
