"""What an experiment leaves in its folder while it runs and at its end, and which checkpoints it keeps."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from skillbank.automl.experiment import Experiment, Trial, TrialState
from skillbank.automl.report.data import report_data
from skillbank.automl.report.page import render_page
from skillbank.automl.report.table import trials_csv
from skillbank.automl.search import Search
from skillbank.jobs.checkpoints import Candidate, choose, scan
from skillbank.jobs.cleaning import stood_on
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.whole_files import write_whole

__all__ = ["clean_up", "publish", "write_results"]

Keep = Literal["best", "promotable", "all"]


def publish(record: JobRecord, stands: Experiment) -> None:
    """Bring the experiment's status file up to date, which makes its progress look like any job's.

    The file is a function of the events, and grows only at its end.
    """
    folder = Path(record.results_dir) / record.action
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in _status_lines(stands))
    path = folder / "status.json"
    with suppress(OSError):
        if path.is_file() and path.stat().st_size == len(lines.encode()):
            return
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, lines)


def _status_lines(stands: Experiment) -> Iterator[dict[str, object]]:
    """Tell the story in the words of a program: one line for each trial that has ended."""
    seen = Experiment(stands.objectives)
    yield {"status": "STARTED", "message": "The search begins."}
    for event in stands.events:
        seen.take(event)
        line: dict[str, object] = {"date": f"{event.at:%m/%d/%Y}", "time": f"{event.at:%H:%M:%S}"}
        if event.kind == "told":
            trial, best = seen.trials[event.body["number"]], seen.best
            kpi = {} if best is None else _scores(seen, best)
            said = f"recommendation {trial.number}: {described(seen, trial)}"
            if best is not None and best is not trial:
                said += f"; best is {best.number}"
            yield {**line, "status": "RUNNING", "message": said, "kpi": kpi}
        elif event.kind == "ended":
            good = event.body["state"] == "COMPLETE"
            yield {**line, "status": "SUCCESS" if good else "FAILURE", "message": event.body["message"]}


def described(stands: Experiment, trial: Trial) -> str:
    """Return how a trial has ended, in a few words."""
    if trial.scores is None:
        return f"{trial.state.value.lower()} ({trial.reason})" if trial.reason else trial.state.value.lower()
    scores = ", ".join(f"{name} {value:.4g}" for name, value in _scores(stands, trial).items())
    return f"{scores} ({trial.reason})" if trial.state is TrialState.STOPPED else scores


def _scores(stands: Experiment, trial: Trial) -> dict[str, float]:
    return dict(zip((o.metric for o in stands.objectives), trial.scores or (), strict=False))


def write_results(jobs: Jobs, record: JobRecord, stands: Experiment, end: Mapping[str, object]) -> None:
    """Write the report, its data, the table of trials, and the winning overrides."""
    folder = Path(record.results_dir)
    folder.mkdir(parents=True, exist_ok=True)
    data = report_data(record, stands, end)
    write_whole(folder / "report.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    write_whole(folder / "trials.csv", trials_csv(data))
    write_whole(folder / "report.html", render_page(data))
    best = stands.best
    if best is not None:
        write_whole(folder / "best_overrides.json", json.dumps(dict(best.values), indent=2) + "\n")


# Checkpoints


def clean_up(jobs: Jobs, search: Search, keep: Keep, *, resumable: bool = False, over: bool = True) -> bool:
    """Remove the checkpoints that nobody will ask for again.

    Parameters
    ----------
    keep
        ``best`` keeps those of the best trials; ``promotable`` also those of failed ones, and what trials
        that may go on need; ``all`` removes nothing.
    resumable
        Whether trials may go on from the checkpoints of earlier ones.
    over
        Whether the search has ended.
    """
    stands = search.experiment
    if keep == "all":
        return False
    cleaned = []
    wanted = _winners(stands) | _in_use(stands)
    if not over:
        wanted.add(0)  # the default configuration, which is evaluated too
    may_go_on = keep == "promotable" or not over
    for trial in _unneeded(jobs, search, wanted):
        if trial.state is TrialState.FAILED and may_go_on:
            continue
        spare = trial.counts and resumable and may_go_on
        _remove(jobs, trial, spare)
        if not spare or over:
            cleaned.append(trial.number)
    return bool(cleaned) and search.write(("cleaned", {"numbers": cleaned}))


def _is_inherited(jobs: Jobs, search: Search, trial: Trial) -> bool:
    """Whether a trial is one of the experiment that this one succeeds, to which its files still belong."""
    return trial.job is not None and jobs.store.get(trial.job).experiment != search.job


def _unneeded(jobs: Jobs, search: Search, wanted: Collection[int]) -> list[Trial]:
    """Return the trials of this search that have ended and that nothing else needs.

    What stands on one of them and is no part of the search is asked for only where one may go.
    """
    found = [trial for trial in search.experiment.done if not trial.cleaned and trial.number not in wanted]
    found = [trial for trial in found if not _is_inherited(jobs, search, trial)]
    if not found:
        return []
    records = [jobs.store.get(job) for trial in found for job in trial.jobs]
    needed = stood_on(records, _at_work_outside(jobs, search))
    return [trial for trial in found if needed.isdisjoint(trial.jobs)]


def _at_work_outside(jobs: Jobs, search: Search) -> Iterator[JobRecord]:
    """Yield the jobs that have not ended and are no part of a search."""
    for state in (state for state in JobState if not state.terminal):
        found = jobs.store.list(state=state, trials=False)
        yield from (record for record in found if record.id != search.job)


def _winners(stands: Experiment) -> set[int]:
    """Return the best trials; of a single objective the front is the best one and whatever equals it."""
    front = stands.pareto if len(stands.objectives) > 1 else []
    return {trial.number for trial in [*front, *([stands.best] if stands.best else [])]}


def _in_use(stands: Experiment) -> set[int]:
    """Return the trials whose models are gone on from, or evaluated, now."""
    resumed = {t.resume_from for t in stands.running if t.resume_from is not None}
    return resumed | {e.trial for e in stands.evaluations.values() if not e.over and e.trial is not None}


def _remove(jobs: Jobs, trial: Trial, spare: bool) -> None:
    """Remove the models in a trial's results; ``spare`` leaves the newest one, from which it can go on."""
    for i, job in enumerate(reversed(trial.jobs)):
        record = jobs.store.get(job)
        found = scan(Path(record.results_dir), record.action)
        newest = choose(found, method="latest") if spare and i == 0 else None
        for candidate in _doomed(found, newest):
            with suppress(OSError):
                candidate.path.unlink()
        jobs.store.weigh(record)


def _doomed(found: Iterable[Candidate], newest: Candidate | None) -> Iterator[Candidate]:
    kept = newest.path.resolve() if newest is not None else None
    for candidate in found:
        if candidate.path.is_dir() and not candidate.link:
            continue  # a model of many files may hold more than a model
        if kept is None or candidate.path.resolve() != kept:
            yield candidate
