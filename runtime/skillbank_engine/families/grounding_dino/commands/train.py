"""``grounding_dino train``: in this process, or in as many as the spec and the environment ask for."""

import logging
import os
from collections.abc import Sequence
from typing import Any

from skillbank_engine.families.grounding_dino.commands.session import (
    Session,
    importing,
    open_session,
    prepare_libraries,
    setup_logging,
)
from skillbank_engine.families.grounding_dino.profile import apply_profile, describe, prepare_start
from skillbank_engine.launcher import Crew, crew_of, gpu_numbers, launch

_LOG = logging.getLogger(__name__)


def train(spec: Any, overrides: Sequence[str]) -> None:
    """Train as a spec says.

    Parameters
    ----------
    spec : pydantic model
        The loaded train spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    with importing():
        from skillbank_engine.device import cuda_wanted

    # Only the first node writes; what is wrong with the numbers of nodes is for every one to say.
    first = os.environ.get("NODE_RANK", "0") == "0"
    with open_session("train", spec, silent=not first) as session:
        cuda = cuda_wanted(spec.engine.device)
        crew = crew_of(spec, _gpus(cuda), os.environ)
        begun = starting_spec(spec)
        spec, changed = apply_profile(spec, "train", overrides, cuda, begun)
        spec, start = prepare_start(spec, overrides)
        notes = []
        if spec.engine.profile == "small":
            text = " ".join(describe(changed)) or "the spec sets every value itself"
            notes.append(f"Profile small: {text}")
        if start:
            notes.append(f"The model starts from random numbers: {' '.join(describe(start))}")
        session.use(spec, "; ".join(notes))
        _note_crew(spec, crew, cuda)
        if crew.size > 1:
            launch(crew, _as_one_of_many, spec, cuda)
        else:
            with importing():
                from skillbank_engine.families.grounding_dino.commands.training import run_training

            run_training(spec, session)


def starting_spec(spec: Any) -> dict[str, Any] | None:
    """Return the spec of the weights that a training starts from, where this engine trained them."""
    named = spec.train.pretrained_model_path
    if not named:
        return None
    with importing():
        from skillbank_engine.families.grounding_dino.checkpoint import spec_of

    return spec_of(named)


def _gpus(cuda: bool) -> int:
    import torch

    return torch.cuda.device_count() if cuda else 0


def _note_crew(spec: Any, crew: Crew, cuda: bool) -> None:
    if not cuda and spec.train.num_gpus > 1:
        _LOG.warning(
            "train.num_gpus is %d, but there is no GPU in use: %d process(es) a node by engine.processes",
            spec.train.num_gpus,
            crew.per_node,
        )
    if crew.size > 1:
        _LOG.info("training in %d processes on %d node(s)", crew.size, crew.nodes)


def _as_one_of_many(spec: Any, cuda: bool) -> None:
    """Be one process of the run; the launcher has opened the session."""
    rank = int(os.environ["RANK"])
    setup_logging(logging.INFO if rank == 0 else logging.ERROR)
    prepare_libraries()
    with importing():
        import torch

        from skillbank_engine.families.grounding_dino.commands.training import run_training
        from skillbank_engine.results import results_folder
        from skillbank_engine.team import joined

    device = None
    if cuda:
        numbers = gpu_numbers(spec.train, torch.cuda.device_count())
        device = torch.device("cuda", numbers[int(os.environ["LOCAL_RANK"])])
    with joined(device) as team:
        session = Session("train", results_folder(spec, "train"), silent=not team.main)
        run_training(spec, session, team)
