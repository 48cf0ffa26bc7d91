"""Searches over the embedded engine whose controllers are killed: nothing is trained twice, nothing is lost.

Run it as ``python -m benchmarks.automl.crashes [--kills 10] [--trials 4]``. A controller is a process of its
own; each is killed with SIGKILL at a random moment of its work and followed by another, until there were so
many kills; a search that ends before that is followed by another search. Then the last controller brings its
search to the end, and every search is held against the promises.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillbank.automl.charter import objectives_of
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.runtime import Runtime

LONGEST = 900.0
"""Seconds after which a search without any new event counts as hanging."""


@dataclass
class Found:
    """What became of the searches; all but the first three counts should be 0.

    Attributes
    ----------
    started_twice
        Trials whose program was started more than once.
    cancelled, failed
        Jobs that ended so; nobody asked for either.
    hangs
        Searches in which nothing happened any more.
    repeated
        Epochs that were reported twice.
    """

    searches: int = 0
    trials: int = 0
    kills: int = 0
    started_twice: int = 0
    cancelled: int = 0
    failed: int = 0
    hangs: int = 0
    repeated: int = 0
    moments: list[float] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """How many promises were not kept."""
        return self.started_twice + self.cancelled + self.failed + self.hangs + self.repeated


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pause", type=float, default=12.0, help="seconds at most from a start to its kill")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skillbank-crashes-") as folder:
        os.environ["SKILLBANK_HOME"] = str(Path(folder) / "home")
        os.environ.pop("SKILLBANK_DATABASE_URL", None)
        data = write_data(Path(folder) / "data")
        found = crash(data, said.kills, said.trials, random.Random(said.seed), said.pause)
    print(f"killed after seconds: {', '.join(f'{s:.1f}' for s in found.moments)}")
    shown = {name: value for name, value in vars(found).items() if name != "moments"}
    print(json.dumps(shown, indent=2))
    return 1 if found.broken else 0


def write_data(folder: Path) -> Path:
    """Write a data set that trains in seconds."""
    from skillbank_engine.families.grounding_dino.data.shapes import write_shapes

    write_shapes(folder, seed=0, train=16, val=4, size=64)
    return folder


def request(data: Path, trials: int, seed: int) -> Request:
    """Return a request for a search over the embedded engine at its smallest."""
    settings: dict[str, Any] = {
        "num_epochs": 1,
        "engine.image_size": 64,
        "automl.algorithm": "random",
        "automl.seed": seed,
        "automl.max_recommendations": trials,
        "automl.parameters": ["train.optim.lr", "train.optim.weight_decay"],
    }
    places = {"train_datasets": "train", "eval_dataset": "val"}
    return Request(
        skill="tao-train-grounding-dino",
        action="train",
        data=tuple(DataLocation(source=s, uri=str(data / part)) for s, part in places.items()),
        settings=tuple(Setting(key=k, value=v) for k, v in settings.items()),
    )


def crash(data: Path, kills: int, trials: int, chance: random.Random, pause: float) -> Found:
    """Search and kill until there were so many kills, and say what came of it."""
    found = Found()
    with Runtime() as runtime:
        while found.kills < kills:
            [plan] = runtime.plan(request(data, trials, seed=found.searches))
            experiment = runtime.launch(plan)
            found.searches += 1
            survive(runtime.jobs, experiment, kills, chance, pause, found)
            inspect(runtime.jobs, runtime.jobs.refresh(experiment.id), trials, found)
    return found


def survive(
    jobs: Jobs, experiment: JobRecord, kills: int, chance: random.Random, pause: float, found: Found
) -> None:
    """Kill one controller after the other while there are kills left, then let one come to the end."""
    log = EventLog(jobs.store.engine)
    while not jobs.refresh(experiment.id).state.terminal:
        controller = subprocess.Popen(
            [sys.executable, "-m", "skillbank.background.controller", experiment.id]
        )
        try:
            if found.kills < kills:
                moment = chance.uniform(0.0, pause)
                controller.wait(moment)
            else:
                _await_end(controller, log, experiment.id)
        except subprocess.TimeoutExpired:
            if found.kills >= kills:
                found.hangs += 1
                return
            found.kills += 1
            found.moments.append(moment)
            print(f"kill {found.kills} after {moment:.1f} s", flush=True)
        finally:
            controller.kill()
            controller.wait()


def _await_end(controller: subprocess.Popen[bytes], log: EventLog, experiment: str) -> None:
    """Wait for a controller, as long as events come."""
    known, since = -1, time.monotonic()
    while controller.poll() is None:
        if news := log.read(experiment, known):
            known, since = news[-1].n, time.monotonic()
        if time.monotonic() - since > LONGEST:
            raise subprocess.TimeoutExpired(controller.args, LONGEST)
        time.sleep(0.5)


def inspect(jobs: Jobs, record: JobRecord, trials: int, found: Found) -> None:
    """Hold a search that has ended against the promises."""
    stands = Experiment(
        objectives_of(Plan.model_validate(record.plan)), EventLog(jobs.store.engine).read(record.id)
    )
    found.trials += sum(trial.counts for trial in stands.trials.values())
    found.hangs += record.state is not JobState.COMPLETE
    found.failed += trials - sum(trial.counts for trial in stands.trials.values())
    mine = jobs.store.list(experiment=record.id)
    # A launch that its controller's death broke off before the program started is made again.
    ran = [job for job in mine if job.failure is None or job.failure.name != "launcher_died"]
    times = Counter((job.action, job.recommendation) for job in ran)
    found.started_twice += sum(count > 1 and action == "train" for (action, _), count in times.items())
    found.started_twice += sum(_starts(job) > 1 for job in ran)
    found.cancelled += sum(job.state is JobState.CANCELED for job in mine)
    for trial in stands.trials.values():
        epochs = [measured.epoch for measured in trial.curve]
        found.repeated += len(epochs) - len(set(epochs))


def _starts(job: JobRecord) -> int:
    """Return how often a job's program says that it has begun."""
    path = Path(job.results_dir) / job.action / "status.json"
    if not path.is_file():
        return 0
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sum(line.get("status") == "STARTED" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
