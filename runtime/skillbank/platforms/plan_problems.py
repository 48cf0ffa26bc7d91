"""What no platform of a kind can run of a plan, whatever stands at its other end; one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path
from skillbank.ways import Sentence, option

__all__ = ["no_command", "no_image", "other_gpus", "several_nodes"]


def no_command(plan: Plan) -> Iterator[str]:
    """Yield that a plan has no command, where it has none."""
    if not plan.command:
        yield f"the action '{plan.action}' of {plan.skill.name} names no command to run"


def no_image(plan: Plan) -> Iterator[str]:
    """Yield that a plan has no container image, where it has none."""
    if plan.image is None:
        yield Sentence(
            f"{plan.skill.name} names no container image for '{plan.action}'; give one with {option('image')}"
        )


def other_gpus(plan: Plan, platform: str) -> Iterator[str]:
    """Yield that a plan names GPUs of its own choice, where a job counts those that it is given from 0."""
    said, given = get_path(plan.spec, f"{plan.action}.gpu_ids"), plan.resources.gpus
    if given and isinstance(said, list) and any(isinstance(i, int) and i >= given for i in said):
        ids = ", ".join(map(str, said))
        yield Sentence(
            f"the plan names the GPUs {ids}, and a job on platform '{platform}' is given {given} and counts "
            f"them from 0; say how many with {option('gpus', given)} and leave {option('gpu-ids')} out"
        )


def several_nodes(plan: Plan, platform: str) -> Iterator[str]:
    """Yield that a plan asks for several nodes, where it does, of a platform that is one machine."""
    if plan.resources.nodes > 1:
        yield Sentence(
            f"the plan asks for {plan.resources.nodes} nodes and platform '{platform}' is one machine; use "
            f"{option('nodes', '1')}"
        )
