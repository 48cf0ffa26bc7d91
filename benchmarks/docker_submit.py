"""From submit to running on Docker, as a ratio to plain ``docker run`` of the same command in turns.

``python -m benchmarks.docker_submit [--image IMAGE] [--rounds N] [--jobs N --slots N]``. It needs a daemon;
without ``--image`` a tiny one is made from the machine's static busybox.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.gate import open_gate

from skillbank.errors import PlatformError
from skillbank.home import database_url
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from skillbank.platforms.docker.daemon import Daemon

TINY = "skillbank-benchmark:tiny"
GOAL = 1.3


def tiny_image(daemon: Daemon) -> str:
    """Make an image of a shell and a sleep."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for name in ("sh", "sleep", "true"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    repository, tag = TINY.split(":")
    with daemon.speaking() as api:
        api.import_image_from_data(
            buffer.getvalue(), repository=repository, tag=tag, changes=["ENV PATH=/bin"]
        )
    return TINY


def plan_of(image: str, command: Sequence[str]) -> Plan:
    """Return a plan that runs one command."""
    return Plan(
        skill=SkillRef(name="tao-benchmark", version="1", digest="d", bank="b"),
        action="train",
        route=Route(name="direct", reason="benchmark"),
        automl_policy=Policy(value="off", source="user"),
        platform="docker",
        image=image,
        command=tuple(command),
        spec={"results_dir": "{results_dir}"},
    )


def seconds(run: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def plain(image: str, command: Sequence[str], *options: str) -> None:
    """Run a command the plain way."""
    subprocess.run(["docker", "run", *options, image, *command], check=True, capture_output=True)


def submit_to_running(jobs: Jobs, image: str, rounds: int) -> None:
    """Print the medians of both, taken in turns."""
    command = ("sleep", "30")
    theirs, ours = [], []
    for _ in range(rounds + 1):
        theirs.append(seconds(lambda: plain(image, command, "--detach", "--rm", "--init")))
        started = []
        ours.append(seconds(lambda: started.append(jobs.launch(plan_of(image, command)))))  # noqa: B023
        assert started[0].state is JobState.RUNNING
        jobs.cancel(started[0].id)
    # The first round warms both up.
    a, b = statistics.median(theirs[1:]), statistics.median(ours[1:])
    print(f"docker run, until it runs      {a * 1000:7.0f} ms  (median of {rounds})")
    print(f"skillbank, until it runs       {b * 1000:7.0f} ms  (checked, recorded, bound)")
    print(f"ratio                          {b / a:7.2f}     (goal: at most {GOAL})")


def many(jobs: Jobs, image: str, count: int, slots: int) -> None:
    """Print how long many short jobs take on a few slots, by both ways."""
    command = ("sleep", "0.2")

    def one(_: int) -> JobState:
        return jobs.wait(jobs.launch(plan_of(image, command)).id).state

    def other(_: int) -> None:
        plain(image, command, "--rm", "--init")

    with ThreadPoolExecutor(slots) as pool:
        theirs = seconds(lambda: list(pool.map(other, range(count))))
        states: list[JobState] = []
        ours = seconds(lambda: states.extend(pool.map(one, range(count))))
    assert states == [JobState.COMPLETE] * count
    print(f"{count} jobs on {slots} slots: docker run {theirs:.1f} s, skillbank {ours:.1f} s")
    print(f"ratio                          {ours / theirs:7.2f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--slots", type=int, default=8)
    options = parser.parse_args()
    daemon = Daemon()
    try:
        daemon.info()
    except PlatformError as error:
        sys.exit(f"skipped: {error}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBANK_HOME"] = folder
        with JobStore(database_url()) as store:
            jobs = Jobs(store, open_gate)
            image = options.image or tiny_image(daemon)
            submit_to_running(jobs, image, options.rounds)
            many(jobs, image, options.jobs, options.slots)


if __name__ == "__main__":
    main()
