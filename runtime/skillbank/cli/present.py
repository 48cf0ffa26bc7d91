"""How skills, jobs and results look on a terminal; in a pipe the same words without colour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.cli import drawing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from skillbank.agent.tool import Tool
    from skillbank.jobs.forecast import Wait
    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.record import JobRecord
    from skillbank.jobs.results import CheckpointInfo, Results
    from skillbank.runtime import Runtime


_STATE_STYLE = {"COMPLETE": "green", "ERROR": "red", "CANCELED": "yellow", "RUNNING": "cyan"}


def skill_view(document: dict[str, Any]) -> RenderableType:
    """Show a skill: what it is for and what it can do."""
    head = drawing.pairs()
    head.add_row("skill", f"{document['name']} {document['version']} · bank {document['bank']}")
    if document["trust"]["state"] != "own":
        signer = document["trust"].get("signer")
        head.add_row(
            "trust", f"the bank is {document['trust']['state']}{f'; signed by {signer}' if signer else ''}"
        )
    head.add_row("it says", document["description"])
    automl = "no" if not document["automl_enabled"] else document["automl_problem"] or "yes"
    head.add_row("automl", automl)
    if document["metric"]:
        head.add_row("metric", document["metric"])
    table = drawing.table("action", "variant", "command", "image")
    for action in document["actions"]:
        command = " ".join(action["command"].split())
        table.add_row(action["name"], action["variant"] or "", shortened(command), action["image"] or "")
    found = [drawing.line(f"{d['severity']}: {d['message']}", "yellow") for d in document["diagnostics"]]
    return drawing.Group(head, table, *found)


def action_view(document: dict[str, Any]) -> RenderableType:
    """Show an action: its data, its inputs, its parameters."""
    head = drawing.pairs()
    variant = f" ({document['variant']})" if document["variant"] else ""
    head.add_row("action", f"{document['skill']} {document['action']}{variant}")
    if document.get("trust", {}).get("state", "own") != "own":
        head.add_row("trust", f"the bank is {document['trust']['state']}")
    head.add_row("command", document["command"])
    head.add_row("image", document["image"] or "none")
    data = drawing.table("data key", "from", "file", "as")
    for row in document["data"]:
        file = row["path"] or "(the folder itself)"
        data.add_row(
            row["key"], row["source"], file + (" (optional)" if row["optional"] else ""), row["runtime"] or ""
        )
    fields = drawing.table("field", "filled by")
    for key, function in document["functions"].items():
        fields.add_row(key, str(function))
    parameters = drawing.table("parameter", "type", "default", "allowed")
    for p in document["parameters"]:
        parameters.add_row(p["key"], p["type"], shortened(p["default"]), _allowed(p))
    return drawing.Group(head, *(table for table in (data, fields, parameters) if table.row_count))


def _allowed(parameter: Mapping[str, Any]) -> str:
    """Say which values a parameter takes: those listed, else its bounds; empty where it has neither."""
    if listed := parameter.get("enum"):
        return ", ".join(map(str, listed))
    low = parameter.get("minimum", parameter.get("exclusiveMinimum"))
    high = parameter.get("maximum", parameter.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    return f"{'' if low is None else low} .. {'' if high is None else high}"


def jobs_view(records: Sequence[JobRecord]) -> RenderableType:
    """List jobs."""
    table = drawing.listing("job", "action", "state", "platform", "started")
    for record in records:
        started = f"{record.created.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(record.id, record.action, _state(record), record.platform, started)
    return table


def status_view(
    record: JobRecord, progress: Progress, wait: Wait | None = None, way: str = ""
) -> RenderableType:
    """Say how a job is, why it waits if it does, and by which way it goes on if it broke off."""
    head = drawing.pairs()
    head.add_row("job", record.id)
    head.add_row("state", _state(record))
    if progress.epoch is not None:
        head.add_row("epoch", f"{progress.epoch + 1} of {progress.max_epoch or '?'}")
    if progress.metrics:
        head.add_row("metrics", ", ".join(f"{k} {v:.4g}" for k, v in progress.metrics.items()))
    if progress.eta_s and not record.state.terminal:
        head.add_row("left", f"about {progress.eta_s:.0f} s")
    if wait is not None:
        head.add_row("waits", wait.said)
    elif record.last_word:
        head.add_row("last word", record.last_word)
    if record.retry_of:
        head.add_row("retry of", record.retry_of)
    if record.resumes:
        head.add_row("goes on", f"from {record.resumes}")
    if record.approval is not None:
        head.add_row("approved", record.approval.said)
    waits = record.results_uri and record.state.terminal and record.uploaded is None
    head.add_row("results", record.results + (f" (not there yet; {record.results_dir})" if waits else ""))
    return drawing.Group(head, *_ending(record, way))


def results_view(record: JobRecord, results: Results, files: bool = False, way: str = "") -> RenderableType:
    """Show what a job left, and by which way it goes on if it broke off; ``files`` lists every file."""
    parts: list[RenderableType] = [drawing.words(record.id, " ", _state(record))]
    if results.metrics:
        table = drawing.table("metric", "value")
        for name, value in results.metrics.items():
            table.add_row(name, f"{value:.4f}")
        parts.append(table)
    root = Path(results.results_dir)
    parts += [_checkpoint(root, each) for each in results.checkpoints if files or each.taken]
    if results.lack:
        parts.append(drawing.line(results.lack, "yellow"))
    if results.report is not None:
        parts.append(drawing.line(f"report {root / results.report}"))
    pictures = results.pictures if files else results.pictures[:3]
    parts += [drawing.line(f"picture {root / p}") for p in pictures]
    if len(results.pictures) > len(pictures):
        parts.append(drawing.line(f"and {len(results.pictures) - len(pictures)} more pictures beside them"))
    if files:
        table = drawing.table("file", "bytes")
        for file in results.files:
            table.add_row(file.path, f"{file.size:,}")
        parts.append(table)
    if record.approval is not None:
        parts.append(drawing.line(f"approved: {record.approval.said}", "dim"))
    parts.append(drawing.line(f"results {record.results}", "dim"))
    return drawing.Group(*parts, *_ending(record, way), drawing.line(""))


def _checkpoint(root: Path, checkpoint: CheckpointInfo) -> Text:
    marks = ", ".join(n for n, on in (("best", checkpoint.best), ("latest", checkpoint.latest)) if on)
    return drawing.line(f"checkpoint {root / checkpoint.path}{f' ({marks})' if marks else ''}")


def record_document(runtime: Runtime, record: JobRecord) -> dict[str, object]:
    """Return a job as one JSON document: record, progress, metrics, what went wrong."""
    progress = runtime.jobs.progress(record.id)
    wait = runtime.jobs.wait_of(record)
    return {
        **({} if wait is None else {"waits": wait.document()}),
        **record.model_dump(mode="json", exclude={"plan", "approval"}),
        "approval": record.approval and record.approval.document(),
        "progress": {"epoch": progress.epoch, "max_epoch": progress.max_epoch, "eta_s": progress.eta_s,
                     "loss": progress.loss, "message": progress.message},
        "metrics": progress.metrics,
    }  # fmt: skip


def _ending(record: JobRecord, way: str) -> list[Text]:
    return [*_failure(record), *([drawing.line(f"  {way}")] if way else [])]


def _failure(record: JobRecord) -> list[Text]:
    failure = record.failure
    if failure is None:
        return []
    lines = [drawing.line(f"{failure.name}: {failure.explanation}", "bold red")]
    if failure.evidence and failure.evidence not in failure.explanation:
        lines.append(drawing.line(f"  the log says: {failure.evidence}", "red"))
    if failure.advice:
        lines.append(drawing.line(f"  {failure.advice}"))
    if failure.from_skill:
        lines.append(drawing.line(f"  {failure.from_skill.sentence}"))
    return lines


def _state(record: JobRecord) -> Text:
    return drawing.line(str(record.state), _STATE_STYLE.get(str(record.state), ""))


def shortened(value: object) -> str:
    """Return a value as text that does not fill a table."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def tools_view(tools: Sequence[tuple[Tool, str]]) -> RenderableType:
    """List the tools of agents; each with what is decided about approving its calls."""
    table = drawing.table("tool", "approval", "what it does", "arguments")
    for tool, decision in tools:
        names = (f"{n}{'' if f.is_required() else '?'}" for n, f in tool.arguments.model_fields.items())
        table.add_row(tool.name, "" if decision == "always" else decision, tool.description, ", ".join(names))
    return table
