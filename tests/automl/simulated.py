"""A platform whose jobs are files and a clock: real for any number of processes, and next to free.

A job's epochs pass with time; its metric is a function of its spec. What was started and what was stopped is
written to logs that outlive every process.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from skillbank.automl.charter import Charter
from skillbank.automl.platform import ExperimentPlatform
from skillbank.jobs.record import SEARCH, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, job_dir
from skillbank.platforms.keeper import write_json
from tests.gate import open_gate

SCHEMA = {
    "type": "object",
    "automl_default_parameters": ["train.lr", "train.depth"],
    "properties": {
        "results_dir": {"type": "string", "default": ""},
        "train": {
            "type": "object",
            "properties": {
                "lr": {"type": "number", "default": 1e-3, "minimum": 1e-5, "maximum": 1e-1},
                "depth": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9},
                "num_epochs": {"type": "integer", "default": 3, "minimum": 1},
                "validation_interval": {"type": "integer", "default": 1, "minimum": 1},
                "seconds": {"type": "number", "default": 0.02},
                "fails": {"type": "string", "default": ""},
                "resume": {"type": "string", "default": ""},
            },
        },
    },
}


def score(train: dict[str, Any], epoch: int) -> float:
    """Return a metric with its optimum at lr 1e-2 and depth 5, which grows with the epochs."""
    height = math.exp(-((math.log10(train["lr"]) + 2) ** 2) / 2 - (train["depth"] - 5) ** 2 / 20)
    return height * (1 - math.exp(-epoch / 2))


class SimulatedPlatform(Platform):
    """Jobs that only pass the time."""

    name: ClassVar[str] = "simulated"
    poll_seconds: ClassVar[float] = 0.05
    here: ClassVar[bool] = True

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        logs.mkdir(parents=True, exist_ok=True)

    def problems(self, plan: Plan) -> list[str]:
        return []

    def start(self, launch: Launch) -> str:
        spec = yaml.safe_load((launch.job_dir / "spec.yaml").read_text())
        document = {"begun": time.time(), "spec": spec, "gpu_ids": launch.gpu_ids}
        if write_json(launch.job_dir / "claim.json", document, exclusive=True):
            self._log("starts", launch.job_id)
        elif "never" in json.loads((launch.job_dir / "claim.json").read_text()):
            raise RuntimeError("canceled before it started")
        return f"simulated:{launch.job_id}"

    def status(self, handle: Handle) -> NativeStatus:
        folder = job_dir(handle.results_dir)
        try:
            claim = json.loads((folder / "claim.json").read_text())
        except FileNotFoundError:
            return NativeStatus(JobState.UNKNOWN, "not started", found=False)
        if "never" in claim:
            return NativeStatus(JobState.CANCELED, "canceled before it started")
        train = claim["spec"]["train"]
        until = time.time()
        if (folder / "cancel.json").exists():
            until = json.loads((folder / "cancel.json").read_text())["at"]
        first = self._resumed(train)
        epochs = min(train["num_epochs"], first + int((until - claim["begun"]) / train["seconds"]))
        self._write(handle.results_dir, train, first, epochs)
        if epochs >= train["num_epochs"]:
            if train["fails"]:
                return NativeStatus(JobState.ERROR, "exit code 1", 1, evidence=train["fails"])
            return NativeStatus(JobState.COMPLETE, "exit code 0", 0)
        if (folder / "cancel.json").exists():
            return NativeStatus(JobState.CANCELED, "canceled")
        return NativeStatus(JobState.RUNNING, "running", native_id=f"simulated:{handle.job_id}")

    def _resumed(self, train: dict[str, Any]) -> int:
        return int(Path(train["resume"]).stem.split("_")[-1]) + 1 if train["resume"] else 0

    def _write(self, results_dir: Path, train: dict[str, Any], first: int, epochs: int) -> None:
        lines: list[dict[str, Any]] = [{"status": "STARTED"}]
        folder = results_dir / "train"
        folder.mkdir(parents=True, exist_ok=True)
        for epoch in range(first, epochs):
            kpi = {"val_mAP50": score(train, epoch + 1), "latency": float(train["depth"])}
            lines.append({"status": "RUNNING", "epoch": epoch, "max_epoch": train["num_epochs"], "kpi": kpi})
        if epochs > first:
            (folder / f"model_epoch_{epochs - 1:03d}.pth").write_text(str(epochs))
        temporary = folder / f".status.{os.getpid()}"
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))
        temporary.replace(folder / "status.json")

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        yield "simulated\n"

    def cancel(self, handle: Handle) -> None:
        folder = job_dir(handle.results_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if write_json(folder / "claim.json", {"never": True}, exclusive=True):
            return
        if not self.status(handle).state.terminal:
            write_json(folder / "cancel.json", {"at": time.time()}, exclusive=True)
            self._log("cancels", handle.job_id)

    def _log(self, name: str, line: str) -> None:
        with (self._logs / name).open("a") as file:
            file.write(line + "\n")

    def lines(self, name: str) -> list[str]:
        """Return what a log holds."""
        path = self._logs / name
        return path.read_text().split() if path.exists() else []


def make_plan(**settings: Any) -> Plan:
    """Return a plan of a search over simulated trials; ``train`` changes the spec."""
    train = {
        "lr": 1e-3, "depth": 3, "num_epochs": 3, "validation_interval": 1, "seconds": 0.02, "fails": "",
        "resume": "{resume_model}", **settings.pop("train", {}),
    }  # fmt: skip
    automl = {
        "algorithm": "random", "max_recommendations": 6, "metrics": ["val_mAP50"],
        "directions": ["maximize"], "parallel": 2, **settings,
    }  # fmt: skip
    return Plan(
        skill=SkillRef(name="toy", version="1", digest="d", bank="b"),
        action="train",
        route=Route(name="automl", reason="asked for"),
        automl_policy=Policy(value="on", source="user"),
        platform="simulated",
        image=None,
        command=("toy", "{config_path}"),
        spec={"results_dir": "{results_dir}", "train": train},
        metric=automl["metrics"][0],
        metric_direction=automl["directions"][0],
        automl=automl,
    )


def charter(plan: Plan, retry: RetryPolicy) -> Charter:
    """Return what the simulated skill says."""
    return Charter(schema_document=SCHEMA, epochs_key="train.num_epochs", retry=retry)


def open_jobs(url: str, logs: Path) -> tuple[Jobs, SimulatedPlatform]:
    """Return jobs on the simulated platform, as every process opens them anew."""
    simulated = SimulatedPlatform(logs)

    def platform(name: str) -> Platform:
        return ExperimentPlatform(jobs, charter) if name == SEARCH else simulated

    jobs = Jobs(JobStore(url), open_gate, platforms=platform)
    return jobs, simulated
