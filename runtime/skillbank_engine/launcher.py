"""Starting the processes of one training run, with torchrun's own machinery.

Each node starts its processes, watches over them and stops all when one fails.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from torch.distributed import DistStoreError, TCPStore  # type: ignore[attr-defined]
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from skillbank_engine.crew import Crew
from skillbank_engine.errors import EngineError, InterruptedRunError
from skillbank_engine.signals import interrupted
from skillbank_engine.team import FAILURE

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

_RENDEZVOUS_SECONDS = 900
_SAVING_SECONDS = 120
_FAREWELL_SECONDS = 15.0


def launch(crew: Crew, work: Callable[..., None], *arguments: object) -> None:
    """Run a function in every process of this node, until all have ended.

    Parameters
    ----------
    crew : Crew
        Which processes.
    work : callable
        A function of a module; runs inside :func:`skillbank_engine.team.joined`.
    *arguments
        Its arguments, which can be pickled.

    Raises
    ------
    InterruptedRunError
        This process got SIGTERM or SIGINT; the others have been stopped the same way.
    EngineError
        A process failed; the message is its own.
    """
    # Of the libraries below, too, only errors.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # Its lines tell of processes and exit codes; what went wrong is said in one sentence at the end.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        store = TCPStore(
            crew.address,
            crew.port,
            is_master=crew.node == 0,
            timeout=timedelta(seconds=_RENDEZVOUS_SECONDS),
            wait_for_workers=False,
            multi_tenant=True,
        )
        config = LaunchConfig(
            min_nodes=crew.nodes,
            max_nodes=crew.nodes,
            nproc_per_node=crew.per_node,
            run_id="skillbank_engine",
            rdzv_backend="static",
            rdzv_endpoint=f"{crew.address}:{store.port}",
            rdzv_configs={"rank": crew.node, "timeout": _RENDEZVOUS_SECONDS},
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=os.devnull),
            signals_to_handle="SIGTERM,SIGINT",
            shutdown_timeout=_SAVING_SECONDS,
        )
        elastic_launch(config, work)(*arguments)
    except SignalException as error:
        raise interrupted(error.sigval) from error
    except ChildFailedError as error:
        raise _failure(error, store, crew) from error
    except DistStoreError as error:
        raise EngineError(
            f"Node {crew.node} does not reach the others by {crew.address}:{crew.port}: check MASTER_ADDR "
            "and MASTER_PORT, and that all nodes were started"
        ) from error
    finally:
        # Whoever is left has had its time to save.
        for child in multiprocessing.active_children():
            child.kill()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _failure(error: ChildFailedError, store: Store, crew: Crew) -> EngineError:
    """Find out why processes have ended, and let the other nodes read it before the store is gone."""
    # What the elastic agent stops gets SIGTERM; any other signal is a cause and not a consequence.
    killed = [
        item for item in error.failures.values() if item.exitcode < 0 and item.exitcode != -signal.SIGTERM
    ]
    try:
        if killed:
            store.set(FAILURE, _killed(killed[0], crew))
        text = store.get(FAILURE).decode() if store.check([FAILURE]) else ""
        _farewell(store, crew)
    except RuntimeError:
        text = ""
    if not text:
        text = "The training processes of this node lost those of the first one: see its status and log"
    return InterruptedRunError(text) if text == str(interrupted(signal.SIGTERM)) else EngineError(text)


def _killed(failure: ProcessFailure, crew: Crew) -> str:
    number = crew.node * crew.per_node + failure.local_rank
    return (
        f"Training process {number} of {crew.size} was ended by {failure.signal_name()}, perhaps for lack of "
        "memory: start the same command again to go on, with a lower dataset.batch_size if it happens again"
    )


def _farewell(store: Store, crew: Crew) -> None:
    """Wait on the first node, which holds the store, until the others have read it."""
    if crew.node:
        store.add("skillbank_engine/gone", 1)
        return
    end = time.monotonic() + _FAREWELL_SECONDS
    while store.add("skillbank_engine/gone", 0) < crew.nodes - 1 and time.monotonic() < end:
        time.sleep(0.1)
