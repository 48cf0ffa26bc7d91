"""``train`` and its like: in this process, or in as many as the spec and the environment ask for."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from skillbank_engine.choices import ACTIVATIONS, choose, said
from skillbank_engine.crew import Crew, crew_of, gpu_numbers
from skillbank_engine.device import cuda_wanted
from skillbank_engine.family import Family
from skillbank_engine.importing import importing, load_libraries
from skillbank_engine.profile import apply_profile, describe, prepare_start
from skillbank_engine.results import results_folder
from skillbank_engine.session import Session, open_session, setup_logging
from skillbank_engine.starting import starting_spec
from skillbank_engine.team import ALONE, Team, joined

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase

_LOG = logging.getLogger(__name__)


def train(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Train as a spec says.

    Parameters
    ----------
    family : Family
        Whose spec.
    action : str
        "train", or another of `Specs.trains`.
    spec : pydantic model
        The loaded spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    specs = family.specs()
    # Only the first node writes; what is wrong with the numbers of nodes is for every one to say.
    first = os.environ.get("NODE_RANK", "0") == "0"
    with open_session(specs, action, spec, silent=not first) as session:
        specs.refuse(action, spec)
        cuda = cuda_wanted(spec.engine.device)
        crew = crew_of(spec, _gpus(cuda), os.environ)
        begun = starting_spec(family, spec)
        read = spec
        spec, changed = apply_profile(specs, spec, action, overrides, cuda, begun)
        whole = getattr(spec.train, "distributed_strategy", "ddp") == "ddp"
        repeats = crew.size == 1 or (cuda and specs.recordable and whole)
        spec, chosen = choose(specs, spec, action, read, repeats=repeats)
        spec, start = prepare_start(specs, spec, action, overrides)
        notes = []
        if spec.engine.profile == "small":
            text = " ".join(describe(changed)) or "the spec sets every value itself"
            notes.append(f"Profile small: {text}")
        if start:
            notes.append(f"{specs.recipe.prepared}: {' '.join(describe(start))}")
        if chosen:
            notes.append(f"Chosen where the spec says nothing: {' '.join(describe(chosen))}")
        session.use(spec, "; ".join(notes))
        _note_crew(spec, crew, cuda)
        if (
            crew.size > 1
            and not said(read, ACTIVATIONS)
            and getattr(spec.train, "activation_checkpoint", False)
        ):
            _LOG.info("several processes recompute activations: %s=false keeps them", ACTIVATIONS)
        if crew.size > 1:
            from skillbank_engine.launcher import launch  # with what torchrun is made of

            launch(crew, _as_one_of_many, family, action, spec, cuda)
        else:
            _train_in_this(family, spec, session)


def _gpus(cuda: bool) -> int:
    return torch.cuda.device_count() if cuda else 0


def _note_crew(spec: SpecBase, crew: Crew, cuda: bool) -> None:
    if not cuda and spec.train.num_gpus > 1:
        _LOG.warning(
            "train.num_gpus is %d, but there is no GPU in use: %d process(es) a node by engine.processes",
            spec.train.num_gpus,
            crew.per_node,
        )
    if crew.size > 1:
        _LOG.info("training in %d processes on %d node(s)", crew.size, crew.nodes)


def _as_one_of_many(family: Family, action: str, spec: SpecBase, cuda: bool) -> None:
    """Be one process of the run; the launcher has opened the session."""
    rank = int(os.environ["RANK"])
    setup_logging(logging.INFO if rank == 0 else logging.ERROR)
    load_libraries()
    device = None
    if cuda:
        numbers = gpu_numbers(spec.train, torch.cuda.device_count())
        device = torch.device("cuda", numbers[int(os.environ["LOCAL_RANK"])])
    with joined(device) as team:
        session = Session(action, results_folder(spec, action), silent=not team.main)
        _train_in_this(family, spec, session, team)


def _train_in_this(family: Family, spec: SpecBase, session: Session, team: Team = ALONE) -> None:
    """Train in this process: of what is imported now, a spec that is refused needs nothing."""
    with importing():
        from skillbank_engine.training.starting import run_training

        family.task()
    run_training(family, spec, session, team)
