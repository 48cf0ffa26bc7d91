"""Processes that are made to die: each of its own, forked from one that has imported what they need already.

What is tested is the death of a process at one of its steps, again and again; the start of Python and the
imports before the first step are the same each time, and take longer than all the rest.
``python -m tests.warm MODULE...`` imports the modules, then forks for every line of JSON on its input.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, NamedTuple, Self


class Ended(NamedTuple):
    """How a process ended; ``returncode`` is that of `subprocess`: negative for a signal."""

    returncode: int
    stdout: str
    stderr: str


class Warm:
    """Starts processes one after the other, each in a session of its own and the environment of its time."""

    def __init__(self, *modules: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", *modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.out, self.err = (Path(self._folder.name, name) for name in ("out", "err"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=60)
        self._server.stdout.close()
        self._folder.cleanup()

    def begin(self, code: str, *arguments: str) -> int:
        """Start a process that runs a text of Python, and return its id, which is that of its group."""
        for path in (self.out, self.err):
            path.write_text("")
        assert self._server.stdin is not None
        asked = {"code": code, "arguments": arguments, "environment": dict(os.environ)}
        files = {"out": str(self.out), "err": str(self.err)}
        self._server.stdin.write(json.dumps({**asked, **files}) + "\n")
        return int(self._answer())

    def end(self) -> Ended:
        """Wait for the process that was begun last."""
        code = os.waitstatus_to_exitcode(int(self._answer()))
        return Ended(code, self.out.read_text(), self.err.read_text())

    def run(self, code: str, *arguments: str) -> Ended:
        """Start a process and wait for its end."""
        self.begin(code, *arguments)
        return self.end()

    def _answer(self) -> str:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, "the process that forks has ended"
        return line


def _serve(modules: list[str]) -> None:
    for name in modules:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _become(asked)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


def _become(asked: dict[str, Any]) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["-c", *asked["arguments"]]
    code = 1
    try:
        exec(compile(asked["code"], "<warm>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1:])
