"""Which processes a training run consists of, on one node or several: every node runs the same command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank_engine.errors import EngineError

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase, TrainBase

_NODE_VARIABLES = ("WORLD_SIZE", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Crew:
    """The processes of a run.

    Attributes
    ----------
    per_node, nodes : int
        Processes of a node, and nodes.
    node : int
        Number of this node.
    address, port : str, int
        Where the first node is to be found; port 0 lets the system choose, on one node.
    """

    per_node: int = 1
    nodes: int = 1
    node: int = 0
    address: str = "127.0.0.1"
    port: int = 0

    @property
    def size(self) -> int:
        """Processes in all."""
        return self.per_node * self.nodes


def crew_of(spec: SpecBase, gpus: int, environment: Mapping[str, str]) -> Crew:
    """Read from a train spec and the environment which processes a run consists of.

    Parameters
    ----------
    spec : pydantic model
        A train spec.
    gpus : int
        GPUs that torch sees and will use; 0 computes on the CPU, with ``engine.processes`` a node.
    environment : mapping
        ``WORLD_SIZE`` (number of nodes), ``NODE_RANK``, ``MASTER_ADDR`` and ``MASTER_PORT``, set by whoever
        started the nodes.

    Raises
    ------
    EngineError
        Spec, environment and machine do not fit together.
    """
    per_node = len(gpu_numbers(spec.train, gpus)) if gpus else spec.engine.processes
    nodes = spec.train.num_nodes
    stated = environment.get("WORLD_SIZE", "")
    if nodes == 1 and stated in ("", "1"):
        return Crew(per_node)
    missing = [name for name in _NODE_VARIABLES if not environment.get(name)]
    if missing:
        raise EngineError(
            f"train.num_nodes is {nodes}, but {', '.join(missing)} is not set: set "
            f"{', '.join(_NODE_VARIABLES)} on every node, or train on one"
        )
    numbers = {name: _number(name, environment[name]) for name in ("WORLD_SIZE", "NODE_RANK", "MASTER_PORT")}
    if numbers["WORLD_SIZE"] != nodes:
        raise EngineError(
            f"train.num_nodes is {nodes}, but WORLD_SIZE, which counts nodes, is {stated}: make them agree"
        )
    if numbers["NODE_RANK"] >= nodes:
        raise EngineError(
            f"NODE_RANK is {numbers['NODE_RANK']}, but {nodes} nodes count from 0 to {nodes - 1}: correct it"
        )
    return Crew(per_node, nodes, numbers["NODE_RANK"], environment["MASTER_ADDR"], numbers["MASTER_PORT"])


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise EngineError(f"{name} is '{text}', which is no number: correct the environment")
    return int(text)


def gpu_numbers(train: TrainBase, available: int) -> list[int]:
    """Say which GPUs of this node are used, by ``train.num_gpus`` and ``train.gpu_ids``.

    Raises
    ------
    EngineError
        The two do not agree, or there are fewer GPUs.
    """
    wanted, named = train.num_gpus, list(train.gpu_ids)
    # The default names one GPU; with a higher number and nothing else said, the first ones are meant.
    if named in ([], [0]):
        named = list(range(wanted))
    if len(named) != wanted or len(set(named)) != wanted:
        raise EngineError(
            f"train.gpu_ids {named} does not name train.num_gpus={wanted} different GPUs: make them agree"
        )
    if max(named) >= available:
        raise EngineError(
            f"train.gpu_ids names GPU {max(named)}, but there are {available}: lower train.num_gpus or "
            "correct train.gpu_ids"
        )
    return named
