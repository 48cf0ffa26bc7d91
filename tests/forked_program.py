# ruff: noqa: PTH100, PTH109, PTH110, PTH116, PTH118, PTH119, PTH120, PTH208
# What stands as ``python``, ``skillbank`` and the engine's programs in the folder of `tests.forking`. What
# these run of ours (``python -m skillbank...``, or ``-c`` with a text that takes something of it) has
# itself forked there: this process lends the forked one its files, hands on the signals that it gets, and
# ends as that one ends. Whatever else is asked for, and what cannot be forked, this process becomes. `REAL`
# is the folder of the programs themselves; ``worker`` is a Python that runs a text, for pytest's workers.
# Standard library only, little of it.
import array
import json
import os
import signal
import socket
import sys

own = os.path.abspath(sys.argv[0])
program, arguments = os.path.basename(own), sys.argv[1:]
real = os.path.join(REAL, "python" if program == "worker" else program)  # type: ignore[name-defined]  # noqa: F821
place = os.path.dirname(os.path.dirname(own))


def become() -> None:
    # Python looks for its environment where it was called: in this folder, which leads to the same packages.
    os.execv(real, [own if program == "python" else real, *arguments])


module = text = ""
if program in ("python", "python3"):
    server, called = "", ["", *arguments[2:]]
    at = int(arguments[:1] == ["-B"])  # multiprocessing puts it first where Python writes no compiled files
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        module = arguments[1]
        package = module.split(".")[0]
        server = {"tests": "skillbank"}.get(package, package)
    elif arguments[at : at + 1] == ["-c"] and len(arguments) > at + 1:
        text, called = arguments[at + 1], ["-c", *arguments[at + 2 :]]
        ours = ("from skillbank", "from tests", "from multiprocessing.spawn")
        server = "skillbank" if any(each in text for each in ours) else ""
    server = server if server in ("skillbank", "skillbank_engine") else ""
elif program == "worker":
    server, called, text = "worker", [real, *arguments], arguments[-1]
else:
    called = [real, *arguments]
    server, module = {"skillbank": ("skillbank", "skillbank")}.get(
        program, ("skillbank_engine", "skillbank_engine.families." + program)
    )
if not server or os.geteuid() != os.stat(place).st_uid:
    become()
files = array.array("i", [int(name) for name in os.listdir("/proc/self/fd")])
files = array.array("i", [file for file in files if os.path.exists(f"/proc/self/fd/{file}")])
mask = os.umask(0)
os.umask(mask)
asked = {
    "module": module, "text": text, "arguments": called, "environment": dict(os.environ),
    "folder": os.getcwd(), "files": list(files), "mask": mask, "python": real if server == "worker" else "",
}  # fmt: skip
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    connection.connect(os.path.join(place, server + ".socket"))
    connection.sendmsg([json.dumps(asked).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    answer = connection.recv(64)
except OSError:
    answer = b""
if answer in (b"no", b""):
    become()

for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, lambda number, _: connection.send(str(int(number)).encode()))
for file in files:
    os.close(file)
status = int(connection.recv(64) or signal.SIGKILL)
if os.WIFSIGNALED(status):
    if os.WTERMSIG(status) != signal.SIGKILL:
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
os._exit(os.WEXITSTATUS(status))
