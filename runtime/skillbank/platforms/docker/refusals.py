"""Why a daemon cannot run a plan, found out before anything is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillbank.plan.model import Plan, Resources
from skillbank.platforms import container, plan_problems
from skillbank.platforms.docker.daemon import Daemon
from skillbank.ways import Sentence, option

if TYPE_CHECKING:
    from skillbank.platforms.docker.daemon import DaemonFacts

__all__ = ["known_refusals", "refusals"]


def known_refusals(plan: Plan) -> Iterator[str]:
    """Yield why no daemon can run a plan, one sentence each."""
    yield from plan_problems.no_command(plan)
    yield from plan_problems.several_nodes(plan, "docker")
    yield from plan_problems.no_image(plan)


def refusals(plan: Plan, daemon: Daemon, info: DaemonFacts) -> Iterator[str]:
    """Yield why a daemon cannot run a plan, one sentence each."""
    if any("name=userns" in option for option in info.get("SecurityOptions") or ()):
        yield (
            "the Docker daemon maps users to others (userns-remap), so a job could not write its "
            "results; use a daemon without it, or a rootless one"
        )
    yield from known_refusals(plan)
    if plan.image is not None and (problem := daemon.image_problem(plan.image)):
        yield problem
    yield from _too_much(plan.resources, daemon, info)
    for override in plan.overrides:
        if override.key.endswith("results_dir") and str(override.value).startswith("/"):
            yield Sentence(
                f"{override.key} is {override.value}, which the container does not have; leave it out: "
                f"results go to the job's own folder under {option('results-root')}"
            )
    container.network()
    container.keep_policy()
    for path in container.plan_mounts(plan):
        if problem := container.mount_problem(path):
            yield problem


def _too_much(asked: Resources, daemon: Daemon, info: DaemonFacts) -> Iterator[str]:
    """Yield what is asked for that the daemon's machine has not."""
    gpus = asked.gpus
    if container.device_ids(gpus, ()) and not daemon.has_gpus(info):
        yield Sentence(
            f"the plan asks for {gpus} GPU{'s' * (gpus > 1)} and the Docker daemon has no NVIDIA "
            "runtime; install the NVIDIA container toolkit, or run on the CPU with "
            f"{option('gpus', '0')} or SKILLBANK_DOCKER_GPUS=none"
        )
    if asked.cpus is not None and asked.cpus > info.get("NCPU", asked.cpus):
        yield (
            f"the plan asks for {asked.cpus:g} CPUs and the Docker daemon has {info['NCPU']}; ask for fewer"
        )
