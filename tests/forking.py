"""Processes of our programs, forked from one that has imported what they need already.

Each is a process of its own, in a session of its own, with the arguments, the environment, the folder and the
files of whoever starts it; it ends as Python ends. What is left out is the start of Python and the imports,
which are the same each time and take a test that starts a program longer than all the rest. A process whose
environment has what Python or a library reads while it starts is not forked but started; where such an
environment comes again, a server of its own forks from then on.

`Forking` is a folder that looks like a virtual environment, whose ``python``, ``skillbank`` and programs of
the engine are ``forked_program.py``: what they run of ours is forked by one of the `SERVERS`
(``python -m tests.forking FOLDER SERVER``). What a forked process starts is forked too, with multiprocessing
as well. Workers of pytest are forked from a server that has collected the tests.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import hashlib
import importlib
import importlib.util
import io
import json
import multiprocessing.spawn
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from skillbank.errors import SkillbankError

__all__ = ["Forked", "Forking", "python", "start", "worker"]

_VARIABLE = "SKILLBANK_TESTS_FORKING"
_PLACE = os.environ.get(_VARIABLE)
"""Where the folder of this test run's servers is; workers of xdist have it from their parent."""


MOST = 1 << 18
"""Bytes of what a server is told."""
READ_AT_START = {
    "skillbank": ("LANG", "LC_", "LD_", "PYTHON", "TZ"),
    "skillbank_engine": (
        "CUDA", "HF_", "HUGGING", "KMP_", "LANG", "LC_", "LD_", "MKL_", "NUMEXPR", "OMP_", "OPENBLAS",
        "PYTHON", "TOKENIZERS", "TORCH", "TRANSFORMERS", "TZ",
    ),
    "worker": (),
}  # fmt: skip
"""The servers, and how variables begin that Python and what is imported read once, at their start."""
HARMLESS = (
    "OMP_WAIT_POLICY", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED", "TORCHINDUCTOR_CACHE_DIR",
    "TORCHELASTIC_SIGNALS_TO_HANDLE", "TORCH_CPP_LOG_LEVEL",
)  # fmt: skip
"""Those of them that change nothing: all is imported by then, and the rest is read when it is used.

A path to installed packages does change something.
"""
SERVERS = tuple(READ_AT_START)
_SPAWNING = {"skillbank_engine": "engine-python"}
"""What multiprocessing starts in a process of a server, where it is not the usual Python."""
MOST_SERVERS = 3
"""How many servers there are at once for environments that Python or a library reads at its start."""


def worker() -> str:
    """Return a Python for workers of pytest: one that has collected the tests already."""
    return f"{_PLACE}/bin/worker"


def python() -> str:
    """Return a Python beside which programs are forked; our own where no servers run."""
    return f"{_PLACE}/bin/python" if _PLACE else sys.executable


def spawning(server: str) -> str:
    """Return a Python for multiprocessing, forked by a server; our own where no servers run."""
    return f"{_PLACE}/bin/{_SPAWNING.get(server, 'python')}" if _PLACE else sys.executable


class Forked:
    """A process that was forked for us; like that of `subprocess`, as far as it goes.

    Attributes
    ----------
    pid
        Its process, and its group.
    """

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self._connection = connection
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, negative for a signal; None while it runs."""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end."""
        if self._code is None and select.select([self._connection], [], [], seconds)[0]:
            said = self._connection.recv(64)
            self._connection.close()
            self._code = os.waitstatus_to_exitcode(int(said)) if said else -signal.SIGKILL
        return self._code


def start(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], files: Sequence[int], **more: Any
) -> Forked | None:
    """Have a program forked with files as its input, output and errors; None where it has to be started.

    Parameters
    ----------
    more
        ``terminal``: whether its input is the terminal of its session.
    """
    if not _PLACE:
        return None
    asked = {
        "module": program,
        "arguments": list(arguments),
        "environment": dict(environment),
        "folder": str(Path.cwd()),
        "files": list(range(len(files))),
        **more,
    }
    server = program
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(f"{_PLACE}/{server}.socket")
        socket.send_fds(connection, [json.dumps(asked).encode()], list(files))
        answer = connection.recv(64)
        if answer.isdigit():
            return Forked(connection, int(answer))
        connection.close()
        if answer == b"no":
            return None
        server = answer.decode()


class Forking:
    """The servers of a test run, and the folder in which their programs are.

    Parameters
    ----------
    arguments
        What pytest was called with.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        global _PLACE
        # Not in memory, whose folder pods have for themselves: they start programs here.
        self.folder = Path(tempfile.mkdtemp(prefix="forking-", dir="/tmp"))
        _PLACE = os.environ[_VARIABLE] = str(self.folder)
        programs, here = self.folder / "bin", Path(sys.executable).parent
        programs.mkdir()
        for path in here.iterdir():
            (programs / path.name).symlink_to(path)
        (self.folder / "lib").symlink_to(here.parent / "lib")
        shutil.copy(here.parent / "pyvenv.cfg", self.folder)
        text = (Path(__file__).parent / "forked_program.py").read_text()
        for name in ("worker", *_SPAWNING.values()):
            (programs / name).touch()
        for name in ("python", "python3", "worker", *_SPAWNING.values(), "skillbank", *_families()):
            if (program := programs / name).exists():
                program.unlink()
                program.write_text(f"#!{Path(sys.executable).resolve()} -IS\nREAL = {str(here)!r}\n{text}")
                program.chmod(0o755)
        self._servers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(self.folder), name, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1],
            )
            for name in SERVERS
        ]  # fmt: skip
        for server in self._servers:
            assert server.stdout is not None
            server.stdout.readline()

    def close(self) -> None:
        """End the servers; what they have forked and still runs ends too."""
        for server in self._servers:
            assert server.stdin is not None and server.stdout is not None
            server.stdin.close()
            server.wait(60)
            server.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# -- the server -----------------------------------------------------------------------------------


def _families() -> list[str]:
    """Return the programs of the engine; none where it is not installed."""
    families = importlib.import_module("skillbank_engine.families")
    return [each.name for each in pkgutil.iter_modules(families.__path__) if each.ispkg]


def _serve(folder: Path, name: str, arguments: Sequence[str]) -> tuple[str, str]:
    """Fork for all who connect until our input ends; return, in the process that was forked, what it runs.

    Parameters
    ----------
    name
        One of the `SERVERS`, or one with the digest of an environment.
    arguments
        Those of pytest.

    Returns
    -------
    A module and a text of Python, one of which is empty.
    """
    program = name.partition("-")[0]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own_socket = folder / f"{name}.socket"
    listener.bind(f"{own_socket}.made")
    listener.listen(64)
    Path(f"{own_socket}.made").rename(own_socket)  # whoever sees it can connect
    print("listening", flush=True)
    starts = READ_AT_START[program]
    own, imported = _read_at_start(os.environ, starts), False
    after = own  # libraries that are imported set some
    while True:
        ready, _, _ = select.select([listener.fileno(), 0], [], [], 1)
        _reap()
        if 0 in ready:
            os._exit(0)
        if not ready:
            continue
        connection, _ = listener.accept()
        if not imported:
            gc.disable()
            _collect(arguments) if program == "worker" else _import(program)
            gc.collect()
            gc.freeze()
            gc.enable()
            imported = True
            after = _read_at_start(os.environ, starts)
        if os.fork() == 0:
            listener.close()
            return _attend(folder, program, connection, own, after)
        connection.close()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _import(package: str) -> None:
    """Import all of a package; what is not installed here it goes without."""
    if package == "skillbank":
        importlib.import_module("tests.unsynced").let_sqlite_not_wait()
    if package == "skillbank_engine":
        importlib.import_module("skillbank_engine.importing").prepare_libraries()
        # As its programs do: with torch's own way each training would first import the compiler.
        importlib.import_module("skillbank_engine.light").import_torch()
    paths = [str(Path(importlib.import_module(package).__path__[0]))]
    for each in pkgutil.walk_packages(paths, f"{package}.", onerror=lambda _: None):
        if not each.name.endswith("__main__"):
            with contextlib.suppress(ImportError, SkillbankError):
                importlib.import_module(each.name)


def _collect(arguments: Sequence[str]) -> None:
    """Import the tests, and all that they import, as pytest does, but with the streams that stay."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    pytest.main([*arguments, "-n", "0", "--dist", "no", "--collect-only", "-q", "-s"])
    if "torch" in sys.modules:
        importlib.import_module("torch._dynamo")  # which the first optimiser of each worker would import


def _attend(
    place: Path, program: str, connection: socket.socket, own: Mapping[str, str], after: Mapping[str, str]
) -> tuple[str, str]:
    """Fork a process and pass on signals and its end; in the process that was forked return what it runs.

    Parameters
    ----------
    own, after
        What was read at our start, and what it was once all had been imported: both are the same environment.
    """
    told, files, _, _ = socket.recv_fds(connection, MOST, 250)
    asked = json.loads(told)
    read = _read_at_start(asked["environment"], READ_AT_START[program])
    if not (own.keys() <= read.keys() and read.items() <= after.items()):
        for file in files:
            os.close(file)
        with contextlib.suppress(BrokenPipeError):  # who asked has been killed meanwhile
            connection.send(_elsewhere(place, program, read).encode())
        os._exit(0)
    child = os.fork()
    if child == 0:
        connection.close()
        _become(place, program, asked, files)
        return str(asked["module"]), str(asked.get("text", ""))
    for file in (0, 1, *files):
        os.close(file)
    with contextlib.suppress(BrokenPipeError):  # who asked has been killed meanwhile
        connection.send(str(child).encode())
    end = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([connection.fileno(), end], [], [])
        if end in ready:
            break
        number = connection.recv(64)
        try:
            if number:
                os.kill(child, int(number))
            else:
                os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if not number:
            break
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.send(str(status).encode())
    os._exit(0)


def _elsewhere(place: Path, program: str, read: Mapping[str, str]) -> str:
    """Return the server of an environment, "no" where there is none; the second time one is started."""
    name = f"{program}-{hashlib.sha256(json.dumps(sorted(read.items())).encode()).hexdigest()[:16]}"
    if (place / f"{name}.socket").exists():
        return name
    if _first(place / f"{name}.asked"):
        return "no"
    started = place / f"{name}.started"
    if not started.exists() and len(list(place.glob("*.started"))) >= MOST_SERVERS:
        return "no"
    if _first(started):
        others = {k: v for k, v in os.environ.items() if not k.startswith(READ_AT_START[program])}
        # It ends, as this one does, with the input of both.
        subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(place), name],
            env={**others, **read}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (place / f"{name}.socket").exists():
            return name
        time.sleep(0.05)
    return "no"


def _first(path: Path) -> bool:
    """Whether a file was not there; now it is."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _read_at_start(environment: Mapping[str, str], starts: tuple[str, ...]) -> dict[str, str]:
    return {
        k: v
        for k, v in environment.items()
        if k.startswith(starts) and (k not in HARMLESS or (k == "PYTHONPATH" and _packages(v)))
    }


def _packages(path: str) -> bool:
    """Whether packages are installed where a path leads: what is imported asks what there are."""
    return any(next(Path(each).glob("*.dist-info"), None) for each in path.split(os.pathsep) if each)


def _become(place: Path, program: str, asked: Mapping[str, Any], files: Sequence[int]) -> None:
    """Be the process that was asked for: its session, files, folder, environment, arguments and dice."""
    os.setsid()
    if asked.get("terminal"):
        fcntl.ioctl(files[0], termios.TIOCSCTTY, 0)
    above = [fcntl.fcntl(file, fcntl.F_DUPFD, 1 + max(asked["files"])) for file in files]
    for number, file in zip(asked["files"], above, strict=True):
        os.dup2(file, number)
    for file in {*files, *above} - set(asked["files"]):
        os.close(file)
    os.chdir(asked["folder"])
    if "mask" in asked:
        os.umask(asked["mask"])
    sys.executable = asked.get("python") or str(place / "bin" / "python")
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = list(asked["arguments"])
    multiprocessing.spawn.set_executable(spawning(program))
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding=sys.stdin.encoding)  # noqa: SIM115
    sys.stdout = _written(1, "strict", os.isatty(1))
    sys.stderr = _written(2, "backslashreplace", True)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _written(number: int, errors: str, by_lines: bool) -> io.TextIOWrapper:
    file = open(number, "wb", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(file, encoding="utf-8", errors=errors, line_buffering=by_lines)


def _run(module: str, text: str) -> NoReturn:
    """Run a module, or a text, and end as Python does, but for what the system takes back anyhow."""
    code = 1
    try:
        if module:
            sys.modules.pop(module, None)
            sys.argv[0] = sys.argv[0] or str(getattr(importlib.util.find_spec(module), "origin", ""))
            runpy.run_module(module, run_name="__main__")
        else:
            exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _run(*_serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
