"""A program's own process ends where the program does, without what Python takes apart."""

import subprocess
import sys

import pytest

_PROGRAM = """
import atexit, sys, threading, time
from skillbank_engine.ending import ended

class Apart:
    def __del__(self, write=sys.stderr.write):
        write("taken apart ")

kept = Apart()

def main(argv):
    atexit.register(lambda: print("at the end"))
    threading.Thread(target=lambda: (time.sleep(0.2), print("a thread"))).start()
    print("done", *argv)
    {ends}

sys.exit(ended(main))
"""


@pytest.mark.parametrize(
    ("ends", "code", "apart"),
    [("return 0", 0, False), ("return 2", 2, False), ("sys.exit(3)", 3, True), ("raise OSError", 1, True)],
)
def test_all_is_said_and_nothing_taken_apart(ends: str, code: int, apart: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.replace("{ends}", ends), "word"], capture_output=True, text=True
    )
    assert done.returncode == code
    assert done.stdout.split("\n") == ["done word", "a thread", "at the end", ""]
    assert ("taken apart" in done.stderr) == apart


def test_an_answer_that_nobody_reads_is_no_success() -> None:
    code = _PROGRAM.replace("{ends}", "sys.stdout.write('x' * 10); return 0")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}
    )
    assert process.stdout is not None
    process.stdout.close()
    _, told = process.communicate()
    assert process.returncode == 120, told
