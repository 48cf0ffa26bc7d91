from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from skillbank.bank import programs
from skillbank.bank.engines import EngineFacts
from skillbank.bank.programs import find_program
from skillbank.errors import PlatformError, UsageError
from skillbank.jobs.record import JobState
from skillbank.platforms import keeper
from skillbank.platforms.base import Handle, Launch, job_dir
from skillbank.platforms.local.platform import LocalPlatform
from skillbank.platforms.processes import alive, describe_self, described_alive, identity
from skillbank.platforms.registry import get_platform, known_platforms
from skillbank.runtime import Runtime
from tests.gate import admitted

Start = Callable[..., Handle]
LOCAL = LocalPlatform()
WAIT_FOR_GO = "\nimport os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n"


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
    return answer


def ended(handle: Handle) -> Any:
    until(lambda: LOCAL.status(handle).state.terminal)
    return LOCAL.status(handle)


def launch_of(folder: Path, code: str, **env: str) -> Launch:
    folder.mkdir(exist_ok=True)
    argv = (sys.executable, "-c", textwrap.dedent(code))
    # Cancel finds strays by the job's id, so ids are as unique here as real ones.
    given = admitted(argv, [*env], {**os.environ, **env})
    return Launch(f"job-{uuid4().hex}", argv, folder, job_dir(folder), given)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    handles: list[Handle] = []

    def begin(code: str, **env: str) -> Handle:
        launch = launch_of(tmp_path / f"job-{len(handles)}", code, **env)
        handle = Handle(launch.job_id, LOCAL.submit(launch), launch.results_dir)
        handles.append(handle)
        return handle

    yield begin
    for handle in handles:
        LOCAL.cancel(handle)


def read(handle: Handle, name: str) -> Any:
    return json.loads((job_dir(handle.results_dir) / name).read_text())


@pytest.mark.parametrize(
    ("code", "exit_code", "state"),
    [
        ("pass", 0, JobState.COMPLETE),
        ("raise SystemExit(7)", 7, JobState.ERROR),
        ("import os; os.kill(os.getpid(), 9)", 137, JobState.ERROR),
        ("import os; os.kill(os.getpid(), 15)", 143, JobState.ERROR),
    ],
)
def test_exit_codes(start: Start, code: str, exit_code: int, state: JobState) -> None:
    status = ended(start(code))
    assert (status.state, status.exit_code) == (state, exit_code)


@pytest.mark.slow
def test_kill_9_of_the_launcher_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    script = f"""
        import os, sys, time
        from pathlib import Path
        from skillbank.platforms.base import Launch
        from skillbank.platforms.local.platform import LocalPlatform
        from skillbank.bank.programs import find_program
        from tests.gate import admitted
        folder = Path({str(folder)!r})
        code = {f"print('begun', flush=True){WAIT_FOR_GO}print('done'); raise SystemExit(5)"!r}
        argv = (sys.executable, "-c", code)
        launch = Launch("j", argv, folder, folder / "job", admitted(argv))
        print(LocalPlatform().submit(launch), flush=True)
        time.sleep(60)
    """
    launcher = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, start_new_session=True
    )
    with launcher:
        assert launcher.stdout is not None
        native = launcher.stdout.readline().decode().strip()
        os.killpg(launcher.pid, signal.SIGKILL)
    handle = Handle("j", native, folder)
    assert LOCAL.status(handle).state is JobState.RUNNING
    (folder / "go").touch()
    assert (ended(handle).exit_code, "".join(LOCAL.logs(handle))) == (5, "begun\ndone\n")


def test_submit_again_finds_the_same_process(start: Start, tmp_path: Path) -> None:
    handle = start("import time; time.sleep(30)")
    again = LocalPlatform().submit(launch_of(handle.results_dir, "print('a second one')"))
    assert again == handle.native_id == f"local:{read(handle, keeper.PROCESS)['pid']}"


def test_a_keeper_imports_what_it_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-X", "importtime", keeper.__file__, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    imported = {
        line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")
    }
    assert {name for name in imported if name.startswith("skillbank.")} == {
        "skillbank.environment", "skillbank.platforms", "skillbank.platforms.processes", "skillbank.redact",
    }  # fmt: skip
    # Each of them would take as long as all that it needs.
    assert not imported & {"dataclasses", "inspect", "importlib.metadata", "subprocess"}


def test_of_two_keepers_one_runs_the_program(tmp_path: Path) -> None:
    launch = launch_of(tmp_path / "job", "print('once')")
    launch.job_dir.mkdir()
    document = {"job_id": "job", "argv": list(launch.argv), "cwd": str(launch.results_dir)}
    keeper.write_json(launch.job_dir / keeper.LAUNCH, document)
    command = [sys.executable, "-I", "-S", keeper.__file__, str(launch.job_dir)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert sorted(process.wait() for process in both) == [keeper.STARTED, keeper.TAKEN]
    handle = Handle("job", None, launch.results_dir)
    ended(handle)
    assert "".join(LOCAL.logs(handle)) == "once\n"


TREE = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    inside = subprocess.Popen([sys.executable, "-c", stubborn])
    outside = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True)
    print(os.getpid(), inside.pid, outside.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_cancel_ends_the_whole_tree_even_what_left_the_group(start: Start) -> None:
    handle = start(TREE)
    log = job_dir(handle.results_dir) / keeper.LOG
    pids = [
        int(p) for p in until(lambda: log.read_text().split() if log.read_text().endswith("\n") else None)
    ]
    assert len(pids) == 3
    LocalPlatform(grace=0.2).cancel(handle)
    status = LOCAL.status(handle)
    assert (status.state, status.exit_code) == (JobState.CANCELED, 137)
    until(lambda: all(identity(pid) is None for pid in pids))
    LOCAL.cancel(handle)


def test_cancel_lets_a_polite_program_finish_its_last_words(start: Start) -> None:
    handle = start(
        """
        import signal, sys, time
        def stop(*_):
            print("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        time.sleep(60)
        """
    )
    until(lambda: "ready" in "".join(LOCAL.logs(handle)))
    LOCAL.cancel(handle)
    assert LOCAL.status(handle).state is JobState.CANCELED
    assert "".join(LOCAL.logs(handle)) == "ready\nsaved\n"


def test_what_the_program_leaves_running_ends_with_it(start: Start) -> None:
    handle = start("import subprocess; print(subprocess.Popen(['sleep', '60']).pid)")
    ended(handle)
    pid = int("".join(LOCAL.logs(handle)))
    until(lambda: identity(pid) is None)


def test_a_job_canceled_before_its_start_never_starts(tmp_path: Path) -> None:
    launch = launch_of(tmp_path / "job", "print('never')")
    handle = Handle("job", None, launch.results_dir)
    assert not LOCAL.status(handle).found
    LOCAL.cancel(handle)
    assert LOCAL.status(handle).state is JobState.CANCELED
    with pytest.raises(PlatformError, match="canceled before it started"):
        LOCAL.submit(launch)
    assert not list(LOCAL.logs(handle))


def test_a_killed_keeper_is_told(start: Start) -> None:
    handle = start(WAIT_FOR_GO)
    os.kill(read(handle, keeper.CLAIM)["pid"], signal.SIGKILL)
    until(lambda: identity(read(handle, keeper.CLAIM)["pid"]) is None)
    status = LOCAL.status(handle)
    assert status.state is JobState.RUNNING and "keeper was killed" in status.message
    (handle.results_dir / "go").touch()
    status = ended(handle)
    assert status.state is JobState.ERROR and status.infra and status.exit_code is None
    assert "exit code is lost" in status.message


def test_cancel_works_without_the_keeper(start: Start) -> None:
    handle = start("import time; time.sleep(60)")
    os.kill(read(handle, keeper.CLAIM)["pid"], signal.SIGKILL)
    LOCAL.cancel(handle)
    assert LOCAL.status(handle).state is JobState.CANCELED
    until(lambda: identity(read(handle, keeper.PROCESS)["pid"]) is None)


def test_another_process_with_the_same_pid_is_not_the_job(start: Start) -> None:
    handle = start("import time; time.sleep(60)")
    LOCAL.cancel(handle)
    folder = job_dir(handle.results_dir)
    (folder / keeper.EXIT).unlink()
    (folder / keeper.CANCEL).unlink()
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    for name in (keeper.CLAIM, keeper.PROCESS):
        keeper.write_json(folder / name, {**read(handle, name), "pid": bystander.pid})
    assert LOCAL.status(handle).state is JobState.ERROR
    LOCAL.cancel(handle)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_job_of_another_machine_is_unknown_here(start: Start) -> None:
    handle = start("pass")
    ended(handle)
    until(lambda: identity(read(handle, keeper.CLAIM)["pid"]) is None)  # it writes the end, and then goes
    folder = job_dir(handle.results_dir)
    keeper.write_json(folder / keeper.CLAIM, {**read(handle, keeper.CLAIM), "host": "elsewhere"})
    end = (folder / keeper.EXIT).rename(folder / "kept")
    assert LOCAL.status(handle).state is JobState.UNKNOWN
    with pytest.raises(PlatformError, match="'elsewhere'; cancel it there"):
        LOCAL.cancel(handle)
    end.rename(folder / keeper.EXIT)


@pytest.mark.slow
def test_follow_yields_while_the_job_runs_and_loses_no_byte(start: Start) -> None:
    handle = start(
        """
        import os, time
        for _ in range(5):
            for piece in ("é".encode()[:1], "é\\n".encode()[1:]):
                os.write(1, piece)
                time.sleep(0.05)
        """
    )
    pieces = list(LOCAL.logs(handle, follow=True))
    assert "".join(pieces) == "é\n" * 5 and len(pieces) > 1
    assert LOCAL.status(handle).state is JobState.COMPLETE


def test_secrets_are_gone_from_the_finished_log_and_from_every_file(start: Start) -> None:
    code = "import os, sys; sys.stdout.buffer.write(b'\\xff' + os.environ['MY_TOKEN'].encode() + b' end\\n')"
    handle = start(code, MY_TOKEN="canary-äöü-12345")
    ended(handle)
    folder = job_dir(handle.results_dir)
    assert (folder / keeper.LOG).read_bytes() == b"\xff[redacted] end\n"
    assert not any(b"canary" in path.read_bytes() for path in folder.iterdir())


def test_a_program_that_cannot_be_executed_says_so(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/nowhere/at/all\n")
    program.chmod(0o755)
    launch = Launch("job", (str(program),), tmp_path, job_dir(tmp_path), admitted([str(program)]))
    handle = Handle("job", LOCAL.submit(launch), tmp_path)
    assert ended(handle).exit_code == 127
    assert "cannot start" in "".join(LOCAL.logs(handle))


def test_the_program_does_not_inherit_ignored_signals_or_the_terminal(start: Start) -> None:
    handle = start(
        """
        import os, signal
        print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, os.getsid(0) == os.getpid(), os.read(0, 1))
        """
    )
    ended(handle)
    assert "".join(LOCAL.logs(handle)) == "True True b''\n"


def test_programs_are_found_beside_this_python_and_only_with_what_they_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "grounding_dino"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program.parent / "python"))
    other = tmp_path / "other" / "grounding_dino"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    needs = EngineFacts("grounding_dino", packages=("json",))
    monkeypatch.setattr(programs, "own_engine", {"grounding_dino": needs}.get)
    assert find_program("grounding_dino") == str(program)
    needs = EngineFacts("grounding_dino", packages=("json", "no_such_package"))
    monkeypatch.setattr(programs, "own_engine", {"grounding_dino": needs}.get)
    assert find_program("grounding_dino") == str(other)
    monkeypatch.setenv("PATH", f"{program.parent}:/nowhere")
    assert find_program("grounding_dino") is None
    assert find_program("no-such-program") is None


def test_identity_tells_processes_apart() -> None:
    me = identity(os.getpid())
    assert me is not None and alive(os.getpid(), me) and not alive(os.getpid(), "boot:1")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    until(lambda: identity(gone.pid) is None)  # a zombie by now, and a zombie runs nothing
    gone.wait()
    assert described_alive(describe_self()) is True
    assert described_alive(describe_self().replace(str(os.getpid()), "999999999", 1)) is False
    assert described_alive("elsewhere:1:x") is None


@pytest.mark.parametrize("name", ["lokal", "slurms"])
def test_other_platforms_are_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}'.*{known_platforms()[0]}"):
        get_platform(name)


def test_gpus_that_were_asked_for_are_there_or_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    with Runtime() as runtime:
        [usual] = runtime.plan("train Grounding DINO on s3://b/t, no HPO")
        [asking] = runtime.plan("train Grounding DINO on s3://b/t, no HPO, with 3 GPUs")
    for devices, problem in (
        ("", "may use 0; --gpus 0 runs it on the CPU"),
        ("0,1", "may use 2; use --gpus 2"),
    ):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
        assert not [p for p in LOCAL.problems(usual) if "GPU" in p]
        assert [p for p in LOCAL.problems(asking) if problem in p]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    assert not [p for p in LOCAL.problems(asking) if "GPU" in p]
