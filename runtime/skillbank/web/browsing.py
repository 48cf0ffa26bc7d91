"""Jobs and experiments as the page shows them; only looked at, never changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from skillbank.automl import control
from skillbank.automl.report.data import ReportData, report_data
from skillbank.errors import DataNotFoundError
from skillbank.jobs.results import Results
from skillbank.lazy_imports import lazy_imports
from skillbank.redact import redact
from skillbank.web import jobs_documents as said
from skillbank.web.answers import Json
from skillbank.web.operations import Asked, Operation

with lazy_imports():
    from skillbank.automl.report import page as report_page

if TYPE_CHECKING:
    from skillbank.jobs.record import JobHead, JobRecord
    from skillbank.runtime import Runtime

__all__ = ["Browsing"]

_MOST = 100
_MOST_PICTURES = 200
_BESIDE = Asked("beside", required=True)
_KINDS = {f".{kind}": f"image/{kind}" for kind in ("png", "webp", "bmp", "gif", "tiff")}
_KINDS[".tif"] = _KINDS[".tiff"]
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
)
_EVALUATION_POLICY = f"{_PAGE_POLICY}sandbox"
_REPORT_POLICY = f"{_PAGE_POLICY}script-src 'unsafe-inline'; sandbox allow-scripts"


class Browsing:
    """The endpoints; Starlette calls them in threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def operations(self) -> list[Operation]:
        """Return what is served."""
        job, experiment = "/api/jobs/{job}", "/api/experiments/{experiment}"
        return [
            Operation("GET", "/api/jobs", self.jobs, said.JobsDocument),
            Operation("GET", job, self.job, said.JobDocument),
            Operation("GET", f"{job}/pictures/{{number:int}}", self.picture, "image/*"),
            Operation("GET", f"{job}/report", self.evaluation, "text/html"),
            Operation("GET", f"{job}/comparison", self.comparison, said.ComparisonDocument, asks=[_BESIDE]),
            Operation("GET", "/api/experiments", self.experiments, said.ExperimentsDocument),
            Operation("GET", experiment, self.experiment, said.ReportDocument),
            Operation("GET", f"{experiment}/report", self.report, "text/html"),
        ]

    def jobs(self, request: Request) -> Response:
        """List jobs, the newest first."""
        jobs = self._runtime.jobs
        heads = jobs.store.heads(_MOST)
        found = [_brief(head if head.state.terminal else jobs.refresh(head.id)) for head in heads]
        return Json({"jobs": found})

    def job(self, request: Request) -> Response:
        """Show a job: how it stands, its history by epoch, what it left."""
        jobs = self._runtime.jobs
        record = jobs.refresh(jobs.store.get(request.path_params["job"]).id)
        results, progress = jobs.results(record.id), jobs.progress(record.id)
        failure = record.failure.model_dump() if record.failure else None
        wait = jobs.wait_of(record)
        return Json(
            {
                **_brief(record),
                "message": redact(record.last_word if wait is None else wait.said),
                "waits": None if wait is None else wait.document(),
                "ended": record.history[-1].at.isoformat() if record.state.terminal else None,
                "failure": failure,
                "results": record.results,
                "parents": list(record.parents),
                "approval": record.approval and record.approval.document(),
                "progress": {
                    "epoch": progress.epoch,
                    "epochs": progress.max_epoch,
                    "eta_s": progress.eta_s,
                },
                "metrics": results.metrics,
                "epochs": [{"epoch": e.epoch, "values": e.values} for e in results.epochs],
                "checkpoints": [
                    {"path": c.path, "best": c.best, "latest": c.latest} for c in results.checkpoints
                ],
                "report": _file(results, results.report) is not None,
                "pictures": [Path(p).name for p in results.pictures[:_MOST_PICTURES]],
                "more_pictures": max(0, len(results.pictures) - _MOST_PICTURES),
            }
        )

    def comparison(self, request: Request) -> Response:
        """Put finished jobs side by side: a job, and those in ``beside``, with commas between."""
        others = [name for name in request.query_params.get("beside", "").split(",") if name]
        return Json(self._runtime.compare([request.path_params["job"], *others]).document())

    def picture(self, request: Request) -> Response:
        """Send one of a job's pictures, known by its number; nothing that a client says becomes a path."""
        jobs, number = self._runtime.jobs, request.path_params["number"]
        record = jobs.store.get(request.path_params["job"])
        results = jobs.results(record.id)
        path = _file(results, results.pictures[number]) if number < len(results.pictures) else None
        if path is None:
            raise DataNotFoundError(f"job {record.id} has no picture {number}.")
        return FileResponse(path, media_type=_KINDS.get(path.suffix.lower(), "image/jpeg"))

    def evaluation(self, request: Request) -> Response:
        """Send the page that an evaluation left; it is a program's, and may run and reach nothing."""
        jobs = self._runtime.jobs
        record = jobs.store.get(request.path_params["job"])
        results = jobs.results(record.id)
        path = _file(results, results.report)
        if path is None:
            raise DataNotFoundError(f"job {record.id} has left no report.")
        headers = {"content-security-policy": _EVALUATION_POLICY}
        return FileResponse(path, media_type="text/html", headers=headers)

    def experiments(self, request: Request) -> Response:
        """List experiments, the newest first."""
        found = control.summaries(self._runtime.jobs, _MOST)
        return Json(said.ExperimentsDocument(experiments=found).document())

    def experiment(self, request: Request) -> Response:
        """Show an experiment: everything that its report shows."""
        return Json(self._report(request))

    def report(self, request: Request) -> Response:
        """Send an experiment's report, whose scripts may reach nothing."""
        page = report_page.render_page(self._report(request))
        return HTMLResponse(page, headers={"content-security-policy": _REPORT_POLICY})

    def _report(self, request: Request) -> ReportData:
        jobs = self._runtime.jobs
        record = jobs.refresh(control.find(jobs, request.path_params["experiment"]).id)
        return report_data(record, control.loaded(jobs, record))


def _file(results: Results, name: str | None) -> Path | None:
    """Find a file that a job has left, by its path in the results."""
    if name is None:
        return None
    folder = Path(results.results_dir).resolve()
    path = (folder / name).resolve()
    # A program may leave links behind, and those may lead anywhere.
    return path if path.is_relative_to(folder) and path.is_file() else None


def _brief(record: JobHead | JobRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "skill": record.skill,
        "action": record.action,
        "state": record.state.value,
        "platform": record.platform,
        "created": record.created.isoformat(),
        "searches": record.searches,
    }
