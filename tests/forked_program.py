# ruff: noqa: PTH100, PTH109, PTH118, PTH119, PTH120
# What stands as ``python`` and ``grounding_dino`` in the folder of `tests.forking`. ``python -m skillbank``
# and ``grounding_dino`` have themselves forked there: this process lends the forked one its files, hands on
# the signals that it gets, and ends as that one ends. Whatever else is asked for, and what cannot be forked,
# this process becomes. `REAL` is the folder of the programs themselves. Standard library only, little of it.
import array
import json
import os
import signal
import socket
import sys

own = os.path.abspath(sys.argv[0])
program, arguments = os.path.basename(own), sys.argv[1:]
real = os.path.join(REAL, program)  # type: ignore[name-defined]  # noqa: F821


def become() -> None:
    # Python looks for its environment where it was called: in this folder, which leads to the same packages.
    os.execv(real, [own if program == "python" else real, *arguments])


asked = {"environment": dict(os.environ), "folder": os.getcwd(), "arguments": [real, *arguments]}
if program == "python":
    if arguments[:2] != ["-m", "skillbank"]:
        become()
    program, asked["arguments"] = "skillbank", ["skillbank", *arguments[2:]]
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    connection.connect(os.path.join(os.path.dirname(os.path.dirname(own)), program + ".socket"))
    files = array.array("i", [0, 1, 2])
    connection.sendmsg([json.dumps(asked).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    answer = connection.recv(64)
except OSError:
    answer = b""
if answer in (b"no", b""):
    program = os.path.basename(own)
    become()

for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, lambda number, _: connection.send(str(int(number)).encode()))
for file in (0, 1, 2):
    os.close(file)
status = int(connection.recv(64) or signal.SIGKILL)
if os.WIFSIGNALED(status):
    if os.WTERMSIG(status) != signal.SIGKILL:
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
os._exit(os.WEXITSTATUS(status))
