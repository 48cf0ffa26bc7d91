"""Why a cluster cannot run a plan, found out before anything is submitted; and how many it runs at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from skillbank.errors import did_you_mean
from skillbank.home import cache_dir, results_root
from skillbank.plan.model import Plan
from skillbank.platforms import plan_problems
from skillbank.platforms.container import plan_mounts, stages
from skillbank.platforms.slurm.commands import Commands, Node
from skillbank.platforms.slurm.profile import SlurmProfile, size
from skillbank.ways import Sentence, option

__all__ = ["of_places", "of_plan", "refusals", "unseen", "usable_slots"]


def refusals(plan: Plan, profile: SlurmProfile, commands: Commands) -> Iterator[str]:
    """Yield why the cluster cannot run a plan, one sentence each."""
    yield from of_plan(plan, profile)
    yield from of_places(plan, profile)
    yield from _too_much(plan, profile, commands)


def of_plan(plan: Plan, profile: SlurmProfile) -> Iterator[str]:
    """Yield of `refusals` what lies in the plan itself."""
    yield from plan_problems.no_command(plan)
    yield from plan_problems.other_gpus(plan, "slurm")
    if profile.container in ("apptainer", "pyxis"):
        yield from plan_problems.no_image(plan)
    if plan.resources.memory is not None:
        try:
            size(plan.resources.memory)
        except ValueError as error:
            yield str(error)


def of_places(plan: Plan, profile: SlurmProfile) -> Iterator[str]:
    """Yield of `refusals` what the nodes would not find where it lies here."""
    program = plan.command[0] if plan.command else ""
    if profile.container == "none" and (problem := _program_problem(program, profile)):
        yield problem
    yield from _unshared(plan, profile)


def _program_problem(program: str, profile: SlurmProfile) -> str | None:
    """Look for a program in folders that are seen here as well; what lies on the nodes alone is not known."""
    seen = [folder for folder in map(Path, profile.path) if folder.is_dir()]
    if not profile.path or len(seen) < len(profile.path) or "/" in program:
        return None
    # What every system has is not in the profile's folders.
    if any((folder / program).exists() for folder in [*seen, Path("/bin"), Path("/usr/bin")]):
        return None
    folders = ", ".join(profile.path)
    return (
        f"the program '{program}' is in none of the folders of 'path' in the profile ({folders}); install it "
        "there, or have its image run with 'container: apptainer' or 'pyxis'"
    )


def _unshared(plan: Plan, profile: SlurmProfile) -> Iterator[str]:
    root = results_root()
    if plan.results_root is not None and not plan.results_root.startswith("s3://"):
        root = Path(plan.results_root.removeprefix("file://"))
    shared = ", ".join(map(str, profile.shared))
    out = f"is not below a folder that the nodes see ({shared})"
    if not profile.shares(root):
        yield Sentence(
            f"{root}, where results go, {out}; choose another {option('results-root')} or SKILLBANK_HOME"
        )
    lost = [path for path in plan_mounts(plan) if not profile.shares(path)]
    if lost:
        yield f"{lost[0]} {out}; copy the data there"
    if stages(plan) and not profile.shares(cache_dir()):
        yield f"{cache_dir()}, where data is unpacked or made, {out}; set SKILLBANK_HOME to a folder there"


def unseen(reads: Iterable[Path], profile: SlurmProfile) -> Iterator[str]:
    """Yield what a job is to read and its nodes would not find, one sentence each."""
    for path in reads:
        if not profile.shares(path):
            shared = ", ".join(map(str, profile.shared))
            way = (
                "set SKILLBANK_HOME to a folder there"
                if path.is_relative_to(cache_dir())
                else ("bring it there, or add its folder to 'shared' in the profile")
            )
            yield f"{path}, which the job reads, is not below a folder that the nodes see ({shared}); {way}"


def _too_much(plan: Plan, profile: SlurmProfile, commands: Commands) -> Iterator[str]:
    """Compare with the nodes of the partition, those included that are down or drained now."""
    nodes, asked = commands.nodes(profile.partition), plan.resources
    where = f"the partition '{profile.partition}'" if profile.partition else "the default partition"
    if not nodes:
        there = [name.rstrip("*") for name in commands.partitions()]
        if profile.partition and profile.partition not in there:
            near = did_you_mean(profile.partition, there)
            yield f"the cluster has no partition '{profile.partition}'{near}; it has: {', '.join(there)}"
        else:
            yield f"{where} has no nodes; name another one ('partition') in the profile"
        return
    if asked.nodes > len(nodes):
        yield Sentence(
            f"the plan asks for {asked.nodes} nodes and {where} has {len(nodes)}; use "
            f"{option('nodes', len(nodes))}"
        )
    most = max(node.gpus for node in nodes)
    if asked.gpus > most:
        yield Sentence(
            f"the plan asks for {asked.gpus} GPU{'s' * (asked.gpus > 1)} a node and the nodes of {where} "
            f"have {most or 'none'}; use {option('gpus', most)}"
        )
    cpus = asked.cpus or profile.cpus or 1
    largest = max(node.cpus for node in nodes)
    if cpus > largest:
        yield f"a job asks for {cpus:g} CPUs a node and the nodes of {where} have {largest}; ask for fewer"


def usable_slots(plan: Plan, profile: SlurmProfile, commands: Commands) -> int:
    """Return how many jobs of a plan the cluster takes at a time, and a fourth more that wait."""
    usable = [node for node in commands.nodes(profile.partition) if node.usable]
    fits = sum(_fits(plan, profile, node) for node in usable) // plan.resources.nodes
    return max(1, fits) + max(1, fits // 4)


def _fits(plan: Plan, profile: SlurmProfile, node: Node) -> int:
    cpus = plan.resources.cpus or profile.cpus
    by_cpus = int(node.cpus // cpus) if cpus else None
    if plan.resources.gpus:
        by_gpus = node.gpus // plan.resources.gpus
        return by_gpus if by_cpus is None else min(by_gpus, by_cpus)
    return 1 if by_cpus is None else by_cpus
