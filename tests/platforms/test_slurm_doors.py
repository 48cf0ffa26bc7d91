"""Ways to a real Slurm and what is said about it: ssh to a login node, doctor, time limits, the template."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skillbank.checkup import checkup
from skillbank.errors import PlatformError
from skillbank.home import database_url
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.platforms.check import Check
from skillbank.platforms.slurm.profile import TEMPLATE
from tests.gate import open_gate
from tests.platforms.slurm_jobs import (  # noqa: F401
    TRAINING,
    jobs,
    messages,
    number,
    plan,
    profile,
    running,
    slurm,
    store,
    until,
)
from tests.slurm import PrivateSlurm, free_ports

# ruff: noqa: F811
pytestmark = pytest.mark.slow
WriteProfile = Callable[[str], Path]


@pytest.fixture
def login(slurm: PrivateSlurm, tmp_path: Path) -> Iterator[str]:
    """Run an SSH server on this machine, and return the lines of a profile that lead through it."""
    sshd = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin")
    if sshd is None or shutil.which("ssh") is None:
        pytest.skip("no SSH server here; .ci/services.sh installs it")
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(key, check=True, stdin=subprocess.DEVNULL)
    [port] = free_ports(1)
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "yes",
        "SetEnv": f"SLURM_CONF={slurm.config}",
    }
    (tmp_path / "sshd_config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    Path("/run/sshd").mkdir(exist_ok=True)
    command = [sshd, "-D", "-e", "-f", str(tmp_path / "sshd_config")]
    with (tmp_path / "sshd.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    options = [f"IdentityFile={tmp_path / 'user'}", f"Port={port}", "StrictHostKeyChecking=no"]
    options += [f"UserKnownHostsFile={tmp_path / 'known'}", "ControlPersist=3", "LogLevel=ERROR"]
    words = ", ".join(f"-o, '{option}'" for option in options)
    yield f"login: {getpass.getuser()}@127.0.0.1\nssh_options: [{words}]\n"
    server.terminate()
    server.wait(120)


def test_the_four_verbs_through_ssh(
    profile: WriteProfile, login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A short path: the connection is kept in there, and names of sockets have few characters.
    with tempfile.TemporaryDirectory(prefix="skbh-", dir="/tmp") as home:
        monkeypatch.setenv("SKILLBANK_HOME", home)
        with JobStore(database_url()) as store:
            go_through_ssh(Jobs(store, open_gate), profile, f"{login}shared: {home}\n", monkeypatch)
        until(lambda: not list(Path(home, "ssh").iterdir()))
        # Commands shared two connections, not more: that of the first tests, and what was open at its end.
        assert (tmp_path / "sshd.log").read_text().count("Accepted") <= 3


def go_through_ssh(jobs: Jobs, profile: WriteProfile, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(text)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("SLURM_CONF")
    monkeypatch.setenv("MY_TOKEN", "se cret'$x;`id`")
    done = jobs.launch(
        plan('test "$MY_TOKEN" = "se cret\'\\$x;\\`id\\`" && echo right', env_names=("MY_TOKEN",))
    )
    record = running(jobs, jobs.launch(plan("echo up; sleep 300")), "up")
    assert jobs.cancel(record.id).state is JobState.CANCELED
    done = jobs.wait(done.id, timeout=120)
    assert done.state is JobState.COMPLETE, "".join(jobs.logs(done.id))
    assert "".join(jobs.logs(done.id)) == "right\n"
    found = {check.name: check for check in checkup("slurm")}
    assert found["slurm login"].state == found["slurm shared folder"].state == "ok"


def test_a_template_of_ones_own(jobs: Jobs, profile: WriteProfile, tmp_path: Path) -> None:
    own = tmp_path / "own.sh.j2"
    own.write_text(TEMPLATE.read_text().replace("srun --nodes", "echo mine; srun --nodes"))
    profile(f"template: {own}")
    record = jobs.wait(jobs.launch(plan("echo theirs")).id, timeout=120)
    assert "".join(jobs.logs(record.id)) == "mine\ntheirs\n"
    own.write_text("#!/bin/bash\n{{ jobb.id }}\n")
    with pytest.raises(PlatformError, match=r"own\.sh\.j2 is wrong: .*jobb"):
        jobs.launch(plan())
    own.write_text("{% if %}")
    with pytest.raises(PlatformError, match=r"own\.sh\.j2, line 1 is wrong"):
        jobs.launch(plan())


def checks() -> dict[str, Check]:
    return {check.name: check for check in checkup("slurm") if check.name.startswith("slurm")}


def test_the_doctor_finds_what_is_missing(
    slurm: PrivateSlurm, profile: WriteProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(f"shared: {tmp_path}\npartition: main\n")
    found = checks()
    wanted = ("profile", "commands", "munge", "controller", "partition", "nodes", "shared folder")
    well = {name: found.get(f"slurm {name}") for name in wanted if name != "munge"}
    assert {check and check.state for check in well.values()} == {"ok"}, well
    assert "4 of 4" in found["slurm nodes"].said and str(TEMPLATE) in found["slurm profile"].said
    slurm.say("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=hot")
    found = checks()
    assert "3 of 4" in found["slurm nodes"].said and "n2 is drained (hot)" in found["slurm node"].said
    profile(f"shared: {tmp_path / 'nowhere'}\npartition: none\n")
    found = checks()
    shared = found["slurm shared folder"]
    assert shared.state == "failed" and "cannot be written" in shared.said
    assert found["slurm"].state == "failed" and "no partition 'none'" in found["slurm"].said
    slurm.kill("slurmctld")
    assert "DOWN; start slurmctld" in checks()["slurm"].said
    slurm.start_controller()
    profile("tme: 5")
    assert "'tme' (did you mean 'time'?)" in checks()["slurm profile"].said
    profile("")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sbatch" in checks()["slurm"].said and checks()["slurm"].state == "failed"
