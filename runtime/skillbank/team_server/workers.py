"""The processes that serve: forked from one that has imported all, and replaced as soon as one ends.

The parent answers nobody. It has no thread, no event loop and no connection to the store, so that what is
forked from it begins as a process that was started anew, but for the seconds that its imports would take.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import NoReturn

import anyio

__all__ = ["ParentProcess", "Workers"]

_LOG = logging.getLogger("skillbank.server")
_FORK = multiprocessing.get_context("fork")
_STOPS = (signal.SIGTERM, signal.SIGINT)
_BEAT = 5.0
"""Seconds between two signs of life of a worker."""
_SILENCE = 60.0
"""Seconds without one after which it is taken for hung; on a busy machine one that begins is not."""
_LOOK = 1.0
_LONGEST, _FILES = 65536, 8
"""Bytes of what a worker asks for, and files that come with it."""
_LEAST_LIFE = 1.0
"""A worker that dies sooner than that is replaced only then: what kills each one must not eat the machine."""
_MARGIN = 10.0
"""Seconds that a worker has to end beyond those that its requests have."""


class ParentProcess:
    """What a worker knows of its parent: a line that lives as long as it does.

    A line of text on it asks for a process, see `fork`; an empty one is a sign of life.
    """

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._line = line
        self._telling = threading.Lock()

    def fork(self, module: str, arguments: Sequence[str], log: Path, kept: int | None) -> bool:
        """Have the parent start a process, see `skillbank.detached`; false where it does not listen."""
        asked = json.dumps([module, *arguments]).encode() + b"\n"
        with log.open("ab") as told:
            files = [told.fileno(), *([] if kept is None else [kept])]
            try:
                with self._telling:
                    return socket.send_fds(self._line, [asked], files) == len(asked)
            except OSError:
                return False

    async def heed(self) -> None:
        """Tell the parent that this process works, until the parent is gone; then end this process too."""
        with suppress(OSError):
            while True:
                with suppress(BlockingIOError), self._telling:
                    self._line.send(b"\n")
                with anyio.move_on_after(_BEAT):
                    await anyio.wait_readable(self._line)
                    break  # it never says anything: what can be read is the end of the line
        os.kill(os.getpid(), signal.SIGTERM)


class Workers:
    """Keeps a number of workers at work.

    Parameters
    ----------
    work
        What a worker does until SIGTERM; called in it.
    grace
        Seconds that its requests have to end.
    port
        Where they listen, which is theirs alone.
    """

    def __init__(
        self, work: Callable[[ParentProcess], None], count: int, grace: float, port: socket.socket
    ) -> None:
        self._work, self._count, self._grace, self._port = work, count, grace, port
        self._workers: list[_Worker] = []
        self._woken, self._waking = socket.socketpair()
        self._stopping = False

    def run(self) -> int:
        """Keep them until SIGTERM or SIGINT, and return the exit status.

        It is 0 after a stop, and 1 when a worker could not begin: another one could not either.
        """
        if others := [each.name for each in threading.enumerate() if each is not threading.main_thread()]:
            # What they hold at the moment of a fork is held forever in the forked process.
            _LOG.warning("server processes are forked beside threads, which they lack: %s", ", ".join(others))
        gc.collect()
        gc.freeze()  # what is looked through for garbage is written to, and shared no more
        self._listen()
        status = 0
        while not self._stopping:
            self._replace()
            self._wait(_LOOK)
            _reap({each.pid for each in self._workers})
            if any(each.failed for each in self._workers):
                _LOG.error("a server process could not begin, so the server ends")
                status = 1
                break
        self._end()
        return status

    def _listen(self) -> None:
        """Hear of signals while waiting."""
        self._woken.setblocking(False)
        self._waking.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        for number in _STOPS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _replace(self) -> None:
        """Take away workers that have ended or hang, and begin others in their place."""
        now = time.monotonic()
        for each in self._workers:
            if each.alive and now - each.heard > _SILENCE:
                _LOG.error("a server process (%d) is silent for %.0f s and is killed", each.pid, _SILENCE)
                each.kill()
        for each in [each for each in self._workers if not each.alive and now - each.began >= _LEAST_LIFE]:
            _LOG.warning("a server process (%d) has ended (%s); another takes its place", each.pid, each.code)
            self._hear(each)  # what it has asked for before it ended
            self._workers.remove(each)
            each.close()
        while len(self._workers) < self._count and not self._stopping:
            try:
                self._workers.append(self._begin())
            except OSError as error:
                _LOG.error("no server process could be started, and it is tried again: %s", error.strerror)
                return

    def _begin(self) -> _Worker:
        """Fork one; a signal that comes meanwhile is the parent's."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            return _Worker(self._be_worker)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _be_worker(self, line: socket.socket) -> None:
        """Leave what is the parent's, and work."""
        self._leave()
        self._work(ParentProcess(line))

    def _leave(self) -> None:
        """Be no parent any more: hear of signals as every process does, and hold nobody's line."""
        signal.set_wakeup_fd(-1)
        for number in _STOPS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        for mine in (self._woken, self._waking, *(each.line for each in self._workers)):
            mine.close()

    def _wait(self, seconds: float) -> None:
        """Wait for a signal, a sign of life or an end."""
        alive = [each for each in self._workers if each.alive]
        wait([self._woken, *(each.line for each in alive), *(each.sentinel for each in alive)], seconds)
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        for each in alive:
            self._hear(each)

    def _hear(self, worker: _Worker) -> None:
        for module, arguments, files in worker.listen():
            try:
                self._detach(module, arguments, files)
            except OSError as error:  # the next look at the job asks for one again
                _LOG.error("no process could be started: %s", error.strerror)
            _close(files)

    def _detach(self, module: str, arguments: list[str], files: list[int]) -> None:
        """Fork a process that nobody waits for, and that runs a module of `skillbank.background`."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            if (between := os.fork()) == 0:
                # Its child is nobody's: no zombie stays, and its end is none of ours.
                if os.fork():
                    os._exit(0)
                self._leave()
                self._port.close()
                _run(module, arguments, files)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.waitpid(between, 0)

    def _end(self) -> None:
        """Ask all to end, and wait for them; who does not in time is killed."""
        for each in self._workers:
            each.terminate()
        end = time.monotonic() + self._grace + _MARGIN
        while any(each.alive for each in self._workers) and time.monotonic() < end:
            self._wait(_LOOK)  # requests under way may ask for processes
        for each in self._workers:
            each.kill()
            self._hear(each)
            each.close()


class _Worker:
    """A worker, as its parent sees it."""

    def __init__(self, work: Callable[[socket.socket], None]) -> None:
        self.line, theirs = socket.socketpair()
        self.line.setblocking(False)
        self._process = _FORK.Process(target=self._be, args=(work, theirs))
        self._process.start()
        theirs.close()
        self.began = self.heard = time.monotonic()
        self._serves = False

    def _be(self, work: Callable[[socket.socket], None], theirs: socket.socket) -> None:
        self.line.close()
        work(theirs)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def code(self) -> int | None:
        """Its exit status, negative for a signal."""
        return self._process.exitcode

    @property
    def failed(self) -> bool:
        """Whether it has ended by itself before it served anybody."""
        return not self._serves and (self.code or 0) > 0

    def listen(self) -> list[tuple[str, list[str], list[int]]]:
        """Take down signs of life; return the processes that it asks for, each with its open files."""
        found = []
        with suppress(OSError):
            # Nothing is received behind what comes with files: they belong to the last line.
            said, files, _, _ = socket.recv_fds(self.line, _LONGEST, _FILES)
            if said:
                self.heard, self._serves = time.monotonic(), True
            for line in filter(None, said.splitlines()):
                try:
                    module, *arguments = json.loads(line)
                except ValueError:  # cut off while it was sent: who asked knows that it was not heard whole
                    _LOG.error("a server process asked for something unreadable, %d bytes", len(line))
                    _close(files)
                    continue
                found.append((module, arguments, files))
        return found

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        self.line.close()
        self._process.close()


def _close(files: list[int]) -> None:
    """Close files that came with a line, once."""
    while files:
        os.close(files.pop())


def _run(module: str, arguments: list[str], files: list[int]) -> NoReturn:
    """Be a process of `skillbank.background` from its beginning to its end.

    Parameters
    ----------
    files
        Where it writes, and perhaps one that it has besides.
    """
    code = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((nothing, 0), (files[0], 1), (files[0], 2)):
            os.dup2(file, number)
        for file in (nothing, files[0]):
            os.close(file)
        main = importlib.import_module(f"skillbank.background.{module}").main
        code = main(*arguments, *map(str, files[1:]))
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _reap(mine: Collection[int]) -> None:
    """Take away what has ended, where this is the first process of a container: what nobody waits for is its.

    Those of its own are waited for elsewhere.
    """
    if os.getpid() != 1:
        return
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in mine:
                return
            os.waitpid(ended.si_pid, 0)
