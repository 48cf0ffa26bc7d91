"""What ``skillbank doctor`` says about Slurm: profile, commands, munge, partitions, nodes, shared folders."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

from skillbank.errors import PlatformError
from skillbank.platforms.check import Check
from skillbank.platforms.slurm.commands import ClusterLostError, Commands
from skillbank.platforms.slurm.profile import SlurmProfile, load_profile, profile_path

__all__ = ["slurm_checks"]

_NEEDED = ("sbatch", "squeue", "scontrol", "scancel", "sinfo", "srun")


def slurm_checks() -> list[Check]:
    """Look at everything that a job needs; what keeps all else from being seen is the last finding."""
    path = profile_path()
    try:
        profile = load_profile()
    except PlatformError as error:
        return [Check("slurm profile", "failed", error.sentence, needed=True)]
    if path.exists():
        said = f"{path}, script of jobs: {profile.template}"
        found = [Check("slurm profile", "ok", said)]
    else:
        found = [Check("slurm profile", "missing", f"no {path}; everything is as by default")]
    commands = Commands(profile)
    try:
        found += _commands(profile, commands)
        found += _controller(commands)
        found += _cluster(profile, commands)
        found += _container(profile, commands)
    except PlatformError as error:
        found.append(Check("slurm", "missing", error.sentence, needed=True))
    found += _shared(profile, commands)
    return found


def _commands(profile: SlurmProfile, commands: Commands) -> Iterator[Check]:
    if profile.login is not None:
        commands.run("true")
        yield Check("slurm login", "ok", f"{profile.login} answers")
    missing = commands.missing(*_NEEDED)
    if missing:
        raise PlatformError(
            f"{', '.join(missing)} not found on {commands.where}; install Slurm's commands there (Debian: "
            f"slurm-client), or name their folder ('bin') or a login node ('login') in {profile_path()}"
        )
    memory = "and sacct remembers them" if _accounting(commands) else "sacct is not in use, which is no harm"
    yield Check("slurm commands", "ok", f"all on {commands.where}; {memory}")


def _accounting(commands: Commands) -> bool:
    return commands.call(["sacct", "-n", "-X"]).returncode == 0


def _controller(commands: Commands) -> Iterator[Check]:
    munge = commands.call(["sh", "-c", "! command -v munge >/dev/null || munge -n | unmunge"])
    if munge.returncode:
        said = (munge.stderr.strip() or munge.stdout.strip()).splitlines()
        hint = "start munged, with the key of the cluster"
        yield Check("slurm munge", "missing", f"{said[0] if said else 'munge does not work'}; {hint}")
    version = commands.run("sinfo", "--version").strip()
    try:
        ping = " ".join(commands.run("scontrol", "ping").split())
    except ClusterLostError as error:
        raise PlatformError(f"{error.sentence.marked}; start slurmctld, or look at its log") from None
    yield Check("slurm controller", "ok", f"{version}: {ping}")


def _cluster(profile: SlurmProfile, commands: Commands) -> Iterator[Check]:
    nodes = commands.nodes(profile.partition)
    there = [name.rstrip("*") for name in commands.partitions()]
    if not nodes:
        which = f"'{profile.partition}'" if profile.partition else "by default"
        raise PlatformError(f"there is no partition {which} with nodes; the cluster has: {', '.join(there)}")
    name = profile.partition or nodes[0].partition.rstrip("*")
    limit = commands.limit(profile.partition)
    yield Check("slurm partition", "ok", f"{name} of {', '.join(there)}; jobs may take {limit}")
    usable = [node for node in nodes if node.usable]
    gpus = sum(node.gpus for node in usable)
    said = f"{len(usable)} of {len(nodes)} take jobs, with {sum(n.cpus for n in usable)} CPUs and {gpus} GPUs"
    state = "ok" if usable else "failed"
    yield Check("slurm nodes", "ok" if state == "ok" else "failed", said)
    lost = [node for node in nodes if not node.usable]
    for node in lost[:8]:
        mend = f"scontrol update NodeName={node.name} State=RESUME gives it back"
        yield Check("slurm node", "missing", f"{node.said}; {mend}")
    if len(lost) > 8:
        yield Check("slurm node", "missing", f"and {len(lost) - 8} more")


def _container(profile: SlurmProfile, commands: Commands) -> Iterator[Check]:
    found = []
    if "--container-image" in commands.call(["srun", "--help"]).stdout:
        found.append("pyxis")
    if not commands.missing("apptainer"):
        found.append("apptainer")
    wanted = profile.container
    if wanted in ("apptainer", "pyxis") and wanted not in found:
        said = f"the profile says 'container: {wanted}', which {commands.where} does not have"
        yield Check("slurm containers", "missing", said, needed=True)
    elif wanted == "none" or not found:
        where = (
            f", from {', '.join(profile.path)} first"
            if profile.path
            else "; 'path' names folders of programs"
        )
        yield Check("slurm containers", "ok", f"none: programs run as they are installed{where}")
    else:
        yield Check(
            "slurm containers", "ok", f"images run through {found[0] if wanted == 'auto' else wanted}"
        )


def _shared(profile: SlurmProfile, commands: Commands) -> Iterator[Check]:
    """Write a file here and look for it where the commands run."""
    if not profile.shared:
        said = "the profile names none ('shared'); results must be where all nodes see them"
        yield Check("slurm shared folder", "missing", said)
    for folder in profile.shared:
        mark = folder / f".skillbank-{uuid.uuid4().hex}"
        try:
            mark.touch()
        except OSError as error:
            why = error.strerror or str(error)
            said = f"{folder} cannot be written from this machine ({why}); mount it, or change its mode"
            yield Check("slurm shared folder", "missing", said, needed=True)
            continue
        try:
            if profile.login and commands.call(["test", "-e", str(mark)]).returncode:
                said = f"{folder} of this machine is not that of {profile.login}; mount the same one here"
                yield Check("slurm shared folder", "missing", said, needed=True)
            else:
                free = os.statvfs(folder)
                said = f"{folder}, {free.f_bavail * free.f_frsize / 2**30:.0f} GiB free"
                yield Check("slurm shared folder", "ok", said)
        except PlatformError as error:
            yield Check("slurm shared folder", "missing", error.sentence, needed=True)
        finally:
            mark.unlink(missing_ok=True)
