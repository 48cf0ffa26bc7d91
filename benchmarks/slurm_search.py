"""How busy a search keeps a Slurm of four nodes, also in trouble, and what a submission costs beside sbatch.

python -m benchmarks.slurm_search [--trials 32] [--seconds 20] [--trouble] [--submit 20]

The cluster is real and its own: munged, slurmctld and four slurmd on this machine. Each trial is a job that
works for its sampled time in steps of half a second, with a checkpoint after each, and goes on from the last
one when Slurm starts it again. Perfect is the same list of durations on four nodes that hand over in no time.
With ``--trouble`` a job is requeued, a node drained, the client killed, slurmctld killed and a node lost with
all that runs on it. A node counts as busy while its program runs, as usable while sinfo says so.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.slurm import NODES, PrivateSlurm, private_slurm

from benchmarks.automl_slots import ideal, make_plan, open_jobs
from skillbank.automl.charter import objectives_of
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.home import database_url
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan

PROGRAM = r"""
spec=$1; out=$(sed -n 's/^results_dir: //p' "$spec"); seconds=$(sed -n 's/^  seconds: //p' "$spec")
from=$(sed -n 's/^  resume: //p' "$spec" | tr -d "'"); mkdir -p "$out/train"
node=${SLURMD_NODENAME}; first=0; if [ -n "$from" ]; then first=$(($(cat "$from") + 1)); fi
steps=$(awk "BEGIN {print int($seconds * 2 + 0.5)}")
echo "$(date +%s.%N) begin $node $first" >> "$out/train/story"
for step in $(seq $first $((steps - 1))); do
    sleep 0.5
    echo "$(date +%s.%N) step $node $step" >> "$out/train/story"
    echo $step > "$out/train/.part"; mv "$out/train/.part" "$out/train/model_step_$(printf %06d $step).pth"
done
echo '{"epoch": 0, "max_epoch": 1, "kpi": {"val_mAP50": '"$seconds"'}}' > "$out/train/status.json"
"""
Span = tuple[float, float, str]


def plan_of(trials: int, seconds: float) -> Plan:
    """Return the plan of the search; how many trials are in the queue at a time is left to the platform."""
    made = make_plan(trials, 1, seconds)
    spec = {"results_dir": "{results_dir}", "train": {"seconds": seconds, "resume": "{resume_model}"}}
    settings: dict[str, Any] = {k: v for k, v in (made.automl or {}).items() if k != "parallel"}
    command = ("bash", "-c", PROGRAM, "bash", "{config_path}")
    fields = {"platform": "slurm", "command": command, "spec": spec, "automl": settings}
    return made.model_copy(update=fields)


class Watcher(threading.Thread):
    """Notes twice a second how many nodes can be used."""

    def __init__(self, cluster: PrivateSlurm) -> None:
        super().__init__(daemon=True)
        self._cluster, self.over = cluster, threading.Event()
        self.usable: list[tuple[float, int]] = []

    def run(self) -> None:
        while not self.over.wait(0.5):
            lines = self._cluster.say("sinfo", "-h", "-N", "-p", "main", "-o", "%N %T").splitlines()
            states = dict(line.split() for line in lines if line.count(" ") == 1)
            if states:
                bad = sum(bool(re.search(r"down|drain|\*|unk", state)) for state in states.values())
                self.usable.append((time.time(), len(states) - bad))

    def capacity(self, begin: float, end: float) -> float:
        """Return the node seconds between two times."""
        total, known = 0.0, len(NODES)
        at = begin
        for when, count in [*self.usable, (end, 0)]:
            if when > begin:
                total += max(0.0, min(when, end) - at) * known
                at = min(max(when, begin), end)
            known = count
        return total


def spans(stands: Experiment, jobs: Jobs) -> tuple[list[Span], float]:
    """Return when each program ran where, and how many seconds of work were done twice."""
    found: list[Span] = []
    again = 0.0
    for trial in stands.trials.values():
        story = Path(jobs.store.get(trial.job or "").results_dir) / "train/story"
        begun: tuple[float, str] | None = None
        last, seen = 0.0, set()
        for line in story.read_text().splitlines():
            at, word, node, number = line.split()
            if word == "begin":
                if begun is not None:
                    found.append((begun[0], last, begun[1]))
                begun = (float(at), node)
            elif number in seen:
                again += 0.5
            seen.add(number if word == "step" else "")
            last = float(at)
        if begun is not None:
            found.append((begun[0], last, begun[1]))
    return found, again


def trouble(
    cluster: PrivateSlurm, kill_client: Callable[[], None], over: threading.Event, unit: float
) -> None:
    """Do to the cluster what happens to clusters, one thing after the other."""

    def running() -> list[str]:
        return cluster.say("squeue", "-h", "-p", "main", "-t", "R", "-o", "%A").split()

    def step(what: str) -> None:
        print(f"  {time.strftime('%H:%M:%S')} {what}", flush=True)

    over.wait(unit)
    if jobs := running():
        step(f"requeue of job {jobs[0]}")
        cluster.say("scontrol", "requeue", jobs[0])
    over.wait(unit)
    step("n4 drained")
    cluster.say("scontrol", "update", "NodeName=n4", "State=DRAIN", "Reason=benchmark")
    over.wait(unit)
    step("client killed, another one started")
    kill_client()
    over.wait(unit)
    step("n4 back; slurmctld killed, and back after 5 s")
    cluster.say("scontrol", "update", "NodeName=n4", "State=RESUME")
    cluster.until_saved()
    cluster.kill("slurmctld")
    over.wait(5)
    cluster.start_controller()
    over.wait(unit)
    step("n2 lost with all that runs on it, back after 20 s")
    cluster.kill_node("n2")
    over.wait(20)
    cluster.start_node("n2")


def search(cluster: PrivateSlurm, trials: int, seconds: float, in_trouble: bool) -> None:
    """Run one search and print how busy the nodes were."""
    jobs = open_jobs(database_url(), seconds)
    plan = plan_of(trials, seconds)
    record = jobs.launch(plan)
    lead = [sys.executable, "-m", "benchmarks.slurm_search", "--lead", record.id, "--seconds", str(seconds)]
    clients = [subprocess.Popen(lead)]

    def kill_client() -> None:
        clients[-1].kill()
        clients[-1].wait()
        clients.append(subprocess.Popen(lead))

    watcher, over = Watcher(cluster), threading.Event()
    watcher.start()
    troubles = threading.Thread(target=trouble, args=(cluster, kill_client, over, seconds * 0.9))
    if in_trouble:
        troubles.start()
    while (ended := jobs.refresh(record.id)).state.value in ("PENDING", "RUNNING", "UNKNOWN"):
        time.sleep(1)
    over.set()
    if in_trouble:
        troubles.join()
    watcher.over.set()
    stands = Experiment(objectives_of(plan), EventLog(jobs.store.engine).read(record.id))
    ran, again = spans(stands, jobs)
    durations = [round(t.values["train.seconds"] * 2) / 2 for t in stands.trials.values()]
    begin, end = min(a for a, _, _ in ran), max(b for _, b, _ in ran)
    last = max(a for a, _, _ in ran)
    best = ideal(durations, len(NODES))
    capacity = watcher.capacity(begin, last)
    busy = sum(max(0.0, min(b, last) - a) for a, b, _ in ran)
    states = {state: sum(t.state.value == state for t in stands.done) for state in ("COMPLETE", "FAILED")}
    launched = len(jobs.store.list(experiment=record.id))
    between = f"{min(durations):.1f} to {max(durations):.1f} s"
    print(f"{trials} trials of {between} on 4 nodes: {ended.state} {states}")
    rows = {
        "perfect schedule on four nodes": f"{best:8.1f} s",
        "taken, from the first program to the last": f"{end - begin:8.1f} s   {best / (end - begin):.3f}",
        "usable nodes busy, until the last trial starts": f"{busy / capacity:8.3f}",
        "work over node seconds that could be used": f"{sum(durations) / watcher.capacity(begin, end):8.3f}",
        "jobs, starts, seconds of work done twice": f"{launched:8d} {len(ran):5d} {again:7.1f}",
    }
    for said, value in rows.items():
        print(f"  {said:<52}{value}", flush=True)
    for client in clients:
        client.wait(60)
    jobs.store.close()


def submissions(cluster: PrivateSlurm, count: int) -> None:
    """Print what a submission costs beside plain sbatch, and what of it are questions to Slurm."""
    jobs = open_jobs(database_url(), 1.0)
    made = plan_of(1, 1.0)
    plan = made.model_copy(
        update={
            "command": ("true",),
            "automl": None,
            "route": made.route.model_copy(update={"name": "direct"}),
        }
    )
    cluster.say("scontrol", "update", "NodeName=n[1-4]", "State=DRAIN", "Reason=benchmark")
    script = cluster.root / "true.sh"
    script.write_text("#!/bin/bash\ntrue\n")
    platform = jobs.platform("slurm")
    times: dict[str, list[float]] = {"sbatch": [], "launch": [], "submit": []}
    submit = platform.submit

    def timed(launch: Any) -> str:
        begun = time.perf_counter()
        answer = submit(launch)
        times["submit"].append(time.perf_counter() - begun)
        return answer

    platform.submit = timed  # type: ignore[method-assign]
    for _ in range(count):
        begun = time.perf_counter()
        subprocess.run(["sbatch", "--output=/dev/null", str(script)], check=True, capture_output=True)
        times["sbatch"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        jobs.launch(plan)
        times["launch"].append(time.perf_counter() - begun)
    words = {
        "sbatch": "plain sbatch",
        "submit": "platform: script, environment and sbatch",
        "launch": "whole launch: checks, record, spec, submission, look",
    }
    for name, said in words.items():
        print(f"  {said:<52}{statistics.median(times[name]) * 1000:8.1f} ms")
    cluster.clear()
    jobs.store.close()


def main() -> None:
    """Start the cluster and run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--trouble", action="store_true")
    parser.add_argument("--submit", type=int, default=0, help="measure so many submissions instead")
    parser.add_argument("--lead", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.lead:
        Controller(open_jobs(database_url(), arguments.seconds), arguments.lead, first_pause=1.0).run()
        return
    with tempfile.TemporaryDirectory() as home, private_slurm() as cluster:
        os.environ |= {"SKILLBANK_HOME": home, "SLURM_CONF": str(cluster.config)}
        if arguments.submit:
            submissions(cluster, arguments.submit)
        else:
            search(cluster, arguments.trials, arguments.seconds, arguments.trouble)


if __name__ == "__main__":
    main()
