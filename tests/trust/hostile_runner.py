"""Run command lines of skillbank in this process, one after another, and say how each ended.

Started by `tests.trust.test_hostile_banks` as a process of its own, so that one that hangs can be ended.
Lines in: JSON of ``[row, command, argv]``. Lines out: JSON of `begin` and of how it ended.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import traceback

from skillbank.cli import main
from tests.compiled_once import compile_once


def run(argv: list[str]) -> tuple[int, str, str]:
    """Run one command line; return its exit code, what it wrote, and the traceback of what it raised."""
    out = io.StringIO()
    sys.argv = ["skillbank", *argv]
    sys.stdin = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main()
    except SystemExit as end:
        return (end.code if isinstance(end.code, int) else int(end.code is not None)), out.getvalue(), ""
    except BaseException:
        return -1, out.getvalue(), traceback.format_exc()
    return 0, out.getvalue(), ""


def serve() -> None:
    """Answer line by line until there are no more."""
    compile_once()
    answers, lines = sys.stdout, sys.stdin
    for line in lines:
        row, command, argv = json.loads(line)
        print(json.dumps({"begin": [row, command]}), file=answers, flush=True)
        started = time.process_time()  # others may share the machine
        code, text, error = run(argv)
        took = time.process_time() - started
        answer = {"row": row, "command": command, "code": code, "text": text, "error": error, "took": took}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve()
