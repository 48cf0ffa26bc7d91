"""The daemon and its machine stop while images are pulled, output is followed and jobs run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import docker
import pytest

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan
from skillbank.platforms.base import Handle
from skillbank.platforms.docker import ends
from skillbank.platforms.docker.daemon import Container, Daemon, DaemonLostError, ImageFacts
from skillbank.platforms.docker.platform import DockerPlatform
from tests.gate import open_gate
from tests.platforms.conftest import PrivateDaemon

MakePlan = Callable[..., Plan]
_CHECKOUT = Path(__file__).parents[2]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


@pytest.fixture
def slow_registry(private_daemon: PrivateDaemon) -> Iterator[str]:
    """Return the address of a registry from which an image takes several seconds."""
    inside = ["nsenter", f"--net=/proc/{private_daemon.network}/ns/net"]
    subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
    command = [*inside, sys.executable, "-m", "tests.platforms.registry", "4"]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield "127.0.0.1:5000"
        process.terminate()


def layer_comes(private_daemon: PrivateDaemon) -> bool:
    return any(path.stat().st_size for path in Path(private_daemon.root, "data/tmp").glob("GetImageBlob*"))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_launch_goes_on_when_the_daemon_was_started_again_during_the_pull(
    private_daemon: PrivateDaemon,
    daemon: docker.APIClient,
    slow_registry: str,
    jobs: Jobs,
    docker_plan: MakePlan,
    how: int,
) -> None:
    def restart() -> None:
        until(lambda: layer_comes(private_daemon))
        private_daemon.end(how)
        private_daemon.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    try:
        record = jobs.launch(docker_plan("echo ran", image=f"{slow_registry}/slow:{how}"))
    finally:
        restarting.join()
    assert jobs.wait(record.id).state is JobState.COMPLETE
    assert "".join(jobs.logs(record.id)) == "ran\n"


@pytest.mark.slow
def test_a_launch_that_the_daemon_did_not_live_to_see_is_a_failure_and_nobodys_wish(
    private_daemon: PrivateDaemon,
    daemon: docker.APIClient,
    slow_registry: str,
    store: JobStore,
    docker_plan: MakePlan,
) -> None:
    jobs = Jobs(store, open_gate, platforms=lambda _: DockerPlatform(patience=0.5))

    def end() -> None:
        until(lambda: layer_comes(private_daemon))
        private_daemon.end(signal.SIGKILL)

    ending = threading.Thread(target=end)
    ending.start()
    try:
        with pytest.raises(PlatformError, match="no Docker daemon answers"):
            jobs.launch(docker_plan("echo ran", image=f"{slow_registry}/gone:1"))
        ending.join()
        assert jobs.refresh("last").state is JobState.UNKNOWN
    finally:
        ending.join()
        private_daemon.start()
    record = jobs.refresh("last")
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.kind == "INFRA" and "no Docker daemon answers" in record.failure.explanation
    assert record.last_word.startswith("not launched: no Docker daemon answers")


def test_a_pull_that_breaks_off_after_a_long_while_each_time_comes_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []

    class Breaking(Daemon):
        def ensure_image(self, name: str) -> ImageFacts:
            begun.append(name)
            assert len(begun) < 10, "it never ends"
            time.sleep(0.05)
            raise DaemonLostError(f"the pull of the image {name} broke off; run it again")

    platform = DockerPlatform(patience=0.02)
    monkeypatch.setattr(platform, "_daemon", Breaking())
    with pytest.raises(DaemonLostError, match="broke off"):
        platform._digest("toys/toy:1")
    assert len(begun) == 3


@pytest.mark.slow
def test_who_follows_the_output_stays_while_the_daemon_is_started_again(
    private_daemon: PrivateDaemon, daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan
) -> None:
    script = "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo line $i; touch beat$i; sleep 0.1; done"
    record = jobs.launch(docker_plan(script))
    heard: list[str] = []

    def follow() -> None:
        heard.extend(jobs.logs(record.id, follow=True))

    following = threading.Thread(target=follow)
    following.start()
    until(lambda: "line 5\n" in "".join(heard))
    private_daemon.end(signal.SIGKILL)
    try:
        later = Path(record.results_dir, f"beat{len(heard) + 20}")
        until(later.exists)  # the program prints while no daemon is there
    finally:
        private_daemon.start()
    following.join(60)
    assert not following.is_alive()
    lines = "".join(heard).splitlines()
    assert len(lines) > 20 and lines == [f"line {number}" for number in range(1, len(lines) + 1)]
    assert jobs.refresh(record.id).state is JobState.ERROR


def test_who_follows_the_output_to_its_end_reads_it_once(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bool] = []
    logs = docker.APIClient.logs

    def counted(api: docker.APIClient, container: str, **how: bool) -> Iterator[bytes]:
        read.append(how["follow"])
        pieces: Iterator[bytes] = logs(api, container, **how)
        return pieces

    monkeypatch.setattr(docker.APIClient, "logs", counted)
    record = jobs.launch(docker_plan("echo here; while [ ! -e go ]; do sleep 0.1; done; echo and there"))
    handle = Handle(record.id, record.native_id, Path(record.results_dir))
    pieces = DockerPlatform().logs(handle, follow=True)
    assert next(pieces) == "here\n"
    Path(record.results_dir, "go").touch()
    assert "".join(pieces) == "and there\n"
    assert read == [True]


@pytest.mark.slow
def test_who_follows_the_output_is_told_that_the_daemon_stays_away(
    private_daemon: PrivateDaemon, daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan
) -> None:
    record = jobs.launch(docker_plan("echo here; sleep 60"))
    handle = Handle(record.id, record.native_id, Path(record.results_dir))
    pieces = DockerPlatform(patience=0.5).logs(handle, follow=True)
    assert next(pieces) == "here\n"
    private_daemon.end(signal.SIGKILL)
    try:
        with pytest.raises(DaemonLostError, match="no Docker daemon answers"):
            list(pieces)
    finally:
        private_daemon.start()


@pytest.mark.slow
def test_a_machine_that_went_down_is_no_fault_of_the_program(
    private_daemon: PrivateDaemon, daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan
) -> None:
    record = jobs.launch(docker_plan("sleep 60"))
    program = daemon.inspect_container(record.id)["State"]["Pid"]
    keeper = int(Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[1])
    private_daemon.end(signal.SIGKILL)
    for pid in (keeper, program):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    private_daemon.start()
    assert daemon.inspect_container(record.id)["State"]["ExitCode"] == 255
    record = jobs.refresh(record.id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.kind == "INFRA" and "machine of the Docker daemon" in record.failure.explanation


@pytest.mark.parametrize(
    ("finished", "infra"),
    [
        ("2026-11-29T18:35:40.838793962Z", True),  # as a daemon said of what it found dead
        ("0001-01-01T00:00:00Z", True),
        ("2026-11-29T18:31:02.071826925Z", False),
    ],
)
def test_a_program_that_ended_with_255_before_the_machine_was_started_again_has_failed(
    monkeypatch: pytest.MonkeyPatch, finished: str, infra: bool
) -> None:
    since = datetime.fromisoformat("2026-11-29T19:35:41.428756594+01:00")
    monkeypatch.setattr(ends, "began", lambda _: since)
    found: Container = {
        "Id": "c",
        "HostConfig": {},
        "State": {
            "Status": "exited",
            "ExitCode": 255,
            "StartedAt": "2026-11-29T18:30:34.066251366Z",
            "FinishedAt": finished,
        },
    }
    told = ends.ended(found, "docker:c", Daemon())
    assert told.state is JobState.ERROR and told.infra is infra
    assert ("machine of the Docker daemon" if infra else "exit code 255") in told.message


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Etc/GMT-12", "Etc/GMT+12"])
def test_a_daemon_in_another_zone_is_not_taken_for_one_that_was_started_later_or_earlier(
    private_daemon: PrivateDaemon,
    daemon: docker.APIClient,
    jobs: Jobs,
    docker_plan: MakePlan,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
) -> None:
    monkeypatch.setenv("TZ", zone)
    private_daemon.end()
    private_daemon.start()
    try:
        killed = jobs.wait(jobs.launch(docker_plan("exit 137")).id)
        assert killed.failure is not None and killed.failure.kind == "PROGRAM"
        going = jobs.launch(docker_plan("sleep 60"))
        private_daemon.end()
        private_daemon.start()
        stopped = jobs.refresh(going.id).failure
        assert stopped is not None and stopped.kind == "INFRA"
    finally:
        monkeypatch.delenv("TZ")
        private_daemon.end()
        private_daemon.start()


def test_of_a_long_output_the_end_alone_is_read_for_the_reason(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_DOCKER_KEEP", "failed")
    lines = (
        "while [ ! -e go ]; do sleep 0.1; done; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done"
    )
    record = jobs.launch(docker_plan(f"{lines}; echo 'ValueError: no luck'; exit 1"))
    Path(record.results_dir, "go").touch()
    until(lambda: daemon.inspect_container(record.id)["State"]["Status"] == "exited")
    handle = Handle(record.id, record.native_id, Path(record.results_dir))
    assert "".join(DockerPlatform().last_lines(handle, 2)) == "line 3000\nValueError: no luck\n"
    failure = jobs.refresh(record.id).failure
    assert failure is not None and failure.evidence == "ValueError: no luck"
    assert len("".join(jobs.logs(record.id)).splitlines()) == 3001
    assert "".join(DockerPlatform().last_lines(handle, 2)).endswith("line 3000\nValueError: no luck\n")
