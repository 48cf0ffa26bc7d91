"""The processes that train together, as one of them sees it.

Numbers and objects travel over gloo on the CPU, whatever the gradients use: on a GPU nothing waits for the
device that way.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import distributed

from skillbank_engine.errors import EngineError

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_LOG = logging.getLogger(__name__)

FAILURE = "skillbank_engine/failure"
"""Key of the common store under which the first process that fails says why."""

_PATIENCE = timedelta(hours=1)
_LAST_WORDS = 60.0
_CAUSE_FIRST = 3.0

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Team:
    """One process and how many there are; without arguments, a process on its own.

    Attributes
    ----------
    rank, size : int
        Number of this process among all, and their count.
    local_rank, local_size : int
        The same among those of this node.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0

    def gather(self, *values: float) -> list[list[float]]:
        """Every process' values, in the order of ranks; all must call, with equally many."""
        if self.size == 1:
            return [list(values)]
        mine = torch.tensor(values, dtype=torch.float64)
        found = [torch.empty_like(mine) for _ in range(self.size)]
        distributed.all_gather(found, mine)
        return [item.tolist() for item in found]

    def total(self, values: dict[str, float]) -> dict[str, float]:
        """Sums over all processes, added in the order of ranks; all must give the same names."""
        columns = zip(*self.gather(*values.values()), strict=True)
        return {name: sum(column) for name, column in zip(values, columns, strict=True)}

    def share(self, thing: Thing) -> Thing:
        """The main process' thing, in all of them; all must call."""
        if self.size == 1:
            return thing
        found = [thing]
        distributed.broadcast_object_list(found, src=0)
        return found[0]

    def collect(self, thing: Thing) -> list[Thing] | None:
        """Every process' thing on the main one, None on the others; all must call."""
        if self.size == 1:
            return [thing]
        found: list[Any] | None = [None] * self.size if self.main else None
        distributed.gather_object(thing, found)
        return found


ALONE = Team()


@contextmanager
def joined(device: torch.device | None) -> Iterator[Team]:
    """Be one of the processes that :func:`.launcher.launch` started, for the length of a block.

    A process that fails leaves its reason in the common store and ends at once, without the libraries'
    farewells, which may wait for processes that are gone.  The others end when their next exchange fails, or
    by :func:`_watch` where that would wait for hours.

    Parameters
    ----------
    device : torch.device, optional
        The GPU to compute on; None for the CPU.
    """
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    team = Team(*(int(os.environ[name]) for name in names))
    store, watched = _store(), _store()
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(watched, os.getppid(), over), daemon=True)
    watch.start()
    try:
        if device is not None:
            torch.cuda.set_device(device)
        distributed.init_process_group("cpu:gloo,cuda:nccl" if device else "gloo", timeout=_PATIENCE)
        yield team
        distributed.destroy_process_group()
        # A thread that is inside the store's code when the interpreter ends aborts the process.
        over.set()
        watch.join()
    except BaseException as error:
        if _lost_another(error):
            # A consequence: the launcher looks for one failure, and is to find the cause.
            time.sleep(_CAUSE_FIRST)
        reason = _reason(error, team)
        if store.compare_set(FAILURE, "", reason).decode() == reason and not isinstance(error, EngineError):
            _LOG.exception("unexpected error")
        os._exit(1)


def _store() -> Store:
    """A connection to the store that the first node's launcher keeps."""
    return distributed.TCPStore(  # type: ignore[attr-defined]
        os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False, wait_for_workers=False
    )


def _lost_another(error: BaseException) -> bool:
    """Say whether an exchange failed, as it does when a process at its other end is gone."""
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and "gloo" in str(error)
    )


def _reason(error: BaseException, team: Team) -> str:
    """Say in one line what went wrong; which process it was matters where the input is not at fault."""
    text = " ".join(str(error).split())
    if isinstance(error, EngineError):
        return text
    return f"Training process {team.rank} of {team.size} failed with {type(error).__name__}: {text}"


def _watch(store: Store, parent: int, over: threading.Event) -> None:
    """End this process when its launcher is gone, or some time after another process has failed.

    On a GPU an exchange with a process that is gone waits until its time is up.
    """
    failed_since: float | None = None
    while not over.wait(1):
        try:
            failed = store.check([FAILURE])
        except RuntimeError:
            os._exit(1)
        if os.getppid() != parent:
            os._exit(1)
        if failed and failed_since is None:
            failed_since = time.monotonic()
        if failed_since is not None and time.monotonic() - failed_since > _LAST_WORDS:
            os._exit(1)
