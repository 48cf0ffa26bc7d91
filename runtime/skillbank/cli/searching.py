"""Experiments on the terminal: the review before, a live table or plain lines while they run."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skillbank.automl.control import loaded
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment, Trial, TrialState
from skillbank.automl.platform import told
from skillbank.automl.report.data import clock
from skillbank.automl.review import Review, remaining_seconds
from skillbank.cli import drawing, terminal
from skillbank.plan.model import Plan
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.automl.attendant import Attendant
    from skillbank.automl.space_points import Extent
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime

_STYLE = {
    TrialState.RUNNING: "cyan",
    TrialState.COMPLETE: "green",
    TrialState.STOPPED: "yellow",
    TrialState.FAILED: "red",
}
_SHOWN = 24
"""Trials in a live table: those that run, the best, and the last that have ended."""
_BARS = "▁▂▃▄▅▆▇█"


def review_view(document: Review) -> RenderableType:
    """Show what a search will do and cost."""
    head = drawing.pairs()
    goals = ", ".join(f"{o['direction']} {o['metric']}" for o in document["objectives"])
    head.add_row("search", f"{document['algorithm']}, seed {document['seed']}: {goals}")
    epochs = f", at most {document['epochs']} epochs in all" if document["epochs"] else ""
    head.add_row("budget", f"{document['trials']} trials{epochs}, {document['parallel']} at a time")
    for name, value in document["limits"].items():
        head.add_row(name.replace("_", " "), f"{value:g}")
    if document["seconds"] is None:
        head.add_row("time", "estimated as soon as the first trial has ended")
    else:
        cost = f", {document['gpu_hours']:g} GPU hours" if document["gpu_hours"] else ""
        head.add_row("time", f"about {clock(document['seconds'])}{cost}, as earlier trainings took")
    head.add_row("keeps", {"best": "the best checkpoints", "promotable": "best, promotable and failed "
                           "trials' checkpoints", "all": "all checkpoints"}[document["keep"]])  # fmt: skip
    space = drawing.table("searched", "default", "range", padding=(0, 1))
    for row in document["space"]:
        if row["counts_now"]:
            space.add_row(row["key"], _plain(row["default"]), _range(row))
    notes = [drawing.line(f"note: {note}", "dim") for note in document["notes"]]
    return drawing.Group(head, space, *notes, drawing.line(""))


def _range(row: Extent) -> str:
    if row.get("choices"):
        return ", ".join(map(_plain, row["choices"]))
    low, high = row.get("low"), row.get("high")
    scale = ", log" if row.get("log") else ""
    return "" if low is None and high is None else f"{_plain(low)} .. {_plain(high)}{scale}"


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)


def conduct(runtime: Runtime, record: JobRecord, *, quiet: bool = False) -> JobRecord:
    """Be the controller of an experiment, or look on, and show how it goes until its end or pause."""
    log = EventLog(runtime.jobs.store.engine)
    if loaded(runtime.jobs, record).paused is not None:
        log.add(record.id, "resumed", {})
    if quiet:
        return Controller(runtime.jobs, record.id).run()
    if not terminal.interactive():
        return _lines(runtime, record)
    plan = Plan.from_document(record.plan)
    with drawing.live(terminal.console(), refresh_per_second=4) as live:
        return Controller(
            runtime.jobs,
            record.id,
            on_change=lambda stands, attendant: live.update(
                table_view(stands, plan, attendant, attendant.slots)
            ),
        ).run()


def look_on(runtime: Runtime, record: JobRecord) -> JobRecord:
    """Show how an experiment goes until its end or pause; a controller of its own works at it."""
    plan, live = Plan.from_document(record.plan), terminal.interactive()
    if not live:
        terminal.follow(runtime.jobs.logs(record.id, follow=True))
        return runtime.jobs.refresh(record.id)
    with drawing.live(terminal.console(), refresh_per_second=4) as table:
        while True:
            stands = loaded(runtime.jobs, record)
            table.update(table_view(stands, plan, None, None))
            if stands.end is not None or (stands.paused is not None and not stands.running):
                return runtime.jobs.refresh(record.id)
            time.sleep(1.0)


def _lines(runtime: Runtime, record: JobRecord) -> JobRecord:
    """Print one line for each thing that happens."""
    terminal.say(f"{record.id}: {record.state}")
    shown = 0

    def show(stands: Experiment, _: object) -> None:
        nonlocal shown
        for event in stands.events[shown:]:
            if event.kind not in ("created", "cleaned", "launched"):
                terminal.say(one_line(told(event), 500))
        shown = len(stands.events)

    controller = Controller(runtime.jobs, record.id, on_change=show)
    ended = controller.run()
    show(controller.experiment, None)
    return ended


def experiment_view(runtime: Runtime, record: JobRecord) -> RenderableType:
    """Show how an experiment stands."""
    stands = loaded(runtime.jobs, record)
    return table_view(stands, Plan.from_document(record.plan), None, None)


def table_view(
    stands: Experiment, plan: Plan, attendant: Attendant | None, slots: int | None
) -> RenderableType:
    """Show the trials: state, epochs, metric, the curve, the time; and what is left."""
    now = datetime.now(UTC)
    metrics = [objective.metric for objective in stands.objectives]
    table = drawing.table("trial", "state", "epoch", *metrics, "curve", "time", "why", padding=(0, 1))
    best = stands.best
    for trial in _chosen(stands, best):
        mark = " *" if trial is best else ""
        scores = [f"{v:.4f}" for v in _latest(trial)] or [""] * len(metrics)
        state = drawing.line(trial.state.value.lower(), _STYLE.get(trial.state, ""))
        spent = clock(trial.seconds(now)) if trial.started else ""
        why = trial.reason if len(trial.reason) <= 60 else f"{trial.reason[:57]}..."
        curve = _sparkline(trial)
        table.add_row(f"{trial.number}{mark}", state, _epoch(trial, attendant), *scores, curve, spent, why)
    parts: list[RenderableType] = [table, drawing.line(_summary(stands, plan, slots, now))]
    for evaluation in stands.evaluations.values():
        said = ", ".join(f"{k} {v:.4f}" for k, v in evaluation.metrics.items()) or evaluation.note or "runs"
        parts.append(drawing.line(f"evaluation of the {evaluation.what} model: {said}"))
    if stands.paused:
        parts.append(drawing.line("paused; 'skillbank experiments EXP --resume' goes on", "yellow"))
    return drawing.Group(*parts)


def _summary(stands: Experiment, plan: Plan, slots: int | None, now: datetime) -> str:
    """Say in a line how far a search is, how long it will take and which trial is the best."""
    line = f"{len(stands.done)} ended, {len(stands.running)} running, {clock(stands.spent(now))} so far"
    left = remaining_seconds(stands, plan, slots, now) if slots else None
    if left is not None:
        line += f", about {clock(left)} left"
    best = stands.best
    if best is not None and best.scores is not None:
        line += f"; best is {best.number}: {stands.objectives[0].metric} {best.scores[0]:.4f}"
    return line


def _chosen(stands: Experiment, best: Trial | None) -> list[Trial]:
    trials = sorted(stands.trials.values(), key=lambda trial: trial.number)
    if len(trials) <= _SHOWN:
        return trials
    kept = {t.number for t in stands.running} | ({best.number} if best else set())
    for trial in reversed(trials):
        if len(kept) >= _SHOWN:
            break
        kept.add(trial.number)
    return [trial for trial in trials if trial.number in kept]


def _latest(trial: Trial) -> tuple[float, ...]:
    if trial.scores is not None:
        return trial.scores
    return trial.curve[-1].values if trial.curve else ()


def _epoch(trial: Trial, attendant: Attendant | None) -> str:
    done, total = attendant.progress(trial) if attendant and not trial.state.over else (None, trial.epochs)
    if done is None and trial.curve:
        done = trial.curve[-1].epoch
    return "" if done is None else f"{done}/{total}" if total else str(done)


def _sparkline(trial: Trial) -> str:
    values = [measured.values[0] for measured in trial.curve][-16:]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    width = high - low or 1.0
    return "".join(_BARS[min(7, int((v - low) / width * 8))] for v in values)
