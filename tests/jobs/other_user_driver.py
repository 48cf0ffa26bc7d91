"""What one user of this machine can do about an approval code whose file another user owns.

Started as root: everything is done once as root, so that all modules are there, then again as the user, who
may not be able to read where Python is installed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from skillbank import approval_code
from skillbank.approval_code import ApprovalCode, Lock
from skillbank.cli import code_setting, terminal
from skillbank.environment import APPROVAL_CODE_FILE
from skillbank.errors import SkillbankError
from skillbank.home import database_url
from skillbank.jobs.approval_subjects import plan_subject
from skillbank.jobs.store import JobStore
from skillbank.runtime import Runtime

PLAN = "5" * 64
SUBJECT = plan_subject(PLAN)


def used(code: str) -> list[str]:
    """Approve with a code, use that up, and use it again; return what came of each."""
    said = []
    with JobStore(database_url()) as store:
        try:
            given = store.guard.give(SUBJECT, "terminal", "ann", code=code)
            said.append(f"given {store.guard.counts(given, SUBJECT)}")
            store.guard.spend(given, "job-1")
            said.append(f"used {store.guard.counts(given, SUBJECT)}")
            store.guard.spend(given, "job-2")
        except SkillbankError as error:
            said.append(error.sentence)
    return said


def swapped(code: ApprovalCode) -> list[str]:
    """Try to put a code of one's own in the place of the file, by every way that a shell has."""
    mine = ApprovalCode.made("a code of mine", code.place)
    beside = Path(os.environ["SKILLBANK_HOME"]) / "mine"
    ApprovalCode(beside, mine.salt, mine.cost, mine.public).write()
    tries: dict[str, Callable[[], object]] = {
        "write": mine.write,
        "over": lambda: code.place.write_bytes(beside.read_bytes()),
        "mode": lambda: code.place.chmod(0o666),
        "move": lambda: beside.replace(code.place),
        "unlink": code.place.unlink,
        "folder": lambda: code.place.parent.rename(code.place.parent.with_name("elsewhere")),
    }
    done = []
    for name, attempt in tries.items():
        with suppress(OSError):
            attempt()
            done.append(name)
    return done


def changed(what: str) -> str:
    """Change the code with this user's command, and the right words; return why not."""
    answers = [os.environ["TEST_CODE"], "another code", "another code"]
    terminal.secret = lambda *_: answers.pop(0)
    try:
        with Runtime(()) as runtime:
            {"set": code_setting.set_anew, "remove": code_setting.remove}[what](runtime, False)
    except SkillbankError as error:
        return error.sentence
    return ""


def work() -> dict[str, object]:
    """Return what came of everything."""
    code = Lock.read().code
    assert code is not None
    found: dict[str, object] = {"reach": not code.out_of_reach, "right": used(os.environ["TEST_CODE"])}
    found["wrong"] = used("no such code")
    found["folder"] = str(code.folder)
    with JobStore(database_url()) as store:
        store.guard.mark(ApprovalCode.made("what root had before", code.place))
        found["marked otherwise"] = store.guard.broken
        store.guard.mark(code)
    found["set"], found["remove"] = changed("set"), changed("remove")
    os.environ.pop(APPROVAL_CODE_FILE.name)
    with JobStore(database_url()) as store:
        found["without the variable"] = store.guard.broken
    os.environ[APPROVAL_CODE_FILE.name] = str(code.place)
    found["swapped"] = swapped(code)
    with JobStore(database_url()) as store:
        found["after"] = [store.guard.hard, store.guard.broken]
    return found


if __name__ == "__main__":
    approval_code._COST = approval_code._LEAST
    user, place, home, warm = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    os.environ["SKILLBANK_HOME"] = str(warm)
    os.environ[APPROVAL_CODE_FILE.name] = str(warm / "code" / "approval-code")
    ApprovalCode.made(os.environ["TEST_CODE"], warm / "code" / "approval-code").write()
    work()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.environ |= {"SKILLBANK_HOME": str(home), APPROVAL_CODE_FILE.name: str(place), "HOME": str(home)}
    print(json.dumps(work()))
