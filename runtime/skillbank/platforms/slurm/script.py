"""The script of a job on Slurm: one jinja2 template, and what is put into it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from skillbank.errors import PlatformError
from skillbank.lazy_imports import lazy_imports
from skillbank.platforms import container
from skillbank.platforms.base import Launch
from skillbank.platforms.slurm.profile import SlurmProfile, size
from skillbank.ways import option

with lazy_imports():
    import jinja2

__all__ = ["LOG", "RESUME_SPEC", "SCRIPT", "Container", "image_file", "options", "render"]

SCRIPT, LOG, RESUME_SPEC = "slurm_job.sh", "output.log", "spec.resume"
Container = Literal["apptainer", "pyxis"]


def render(launch: Launch, profile: SlurmProfile, kind: Container | None) -> str:
    """Return the script of a job.

    Parameters
    ----------
    kind
        What runs the image; None runs the bare command.

    Raises
    ------
    PlatformError
        When the profile's template is none, or something cannot be written into it.
    """
    srun, wrap, env = _contained(launch, profile, kind) if kind else ([], [], {})
    folder, results = launch.job_dir, launch.results_dir
    resume = launch.resume
    known: dict[str, object] = {
        "job": {
            "id": launch.job_id,
            "plan_id": launch.plan_id,
            "folder": str(folder),
            "results": str(results),
            "output": str(folder / LOG).replace("%", "%%"),
            "spec": str(launch.config_path or folder / "spec"),
            "argv": list(launch.argv),
            "nodes": launch.resources.nodes,
            "gpus": launch.resources.gpus,
        },
        "options": options(launch, profile),
        "resume": {"spec": str(folder / RESUME_SPEC), "mark": resume.mark} if resume else None,
        "path": [str(place) for place in _folders(profile)],
        "env": {**env, **profile.env},
        "setup": profile.setup.strip("\n"),
        "srun": srun,
        "wrap": wrap,
    }
    if any(not text.isprintable() or " " in text for text in (str(results), launch.job_id)):
        raise PlatformError(
            f"{results} holds a space or a character that options of Slurm cannot; choose another "
            f"{option('results-root')}"
        )
    try:
        source = profile.template.read_text(encoding="utf-8")
        shell = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        shell.filters["sh"] = lambda value: shlex.quote(str(value))
        return shell.from_string(source).render(known) + "\n"
    except OSError as error:
        raise PlatformError(
            f"the template {profile.template} cannot be read ({error.strerror}); correct 'template' in the "
            "profile"
        ) from None
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise PlatformError(f"the template {profile.template}{where} is wrong: {error}; correct it") from None


def _folders(profile: SlurmProfile) -> list[str]:
    return [*profile.path, *([str(profile.bin)] if profile.bin else [])]


def options(launch: Launch, profile: SlurmProfile) -> list[str]:
    """Return the options of sbatch that say where a job runs and what it gets."""
    asked = launch.resources
    cpus = round(asked.cpus) if asked.cpus is not None else profile.cpus
    memory = size(asked.memory) if asked.memory is not None else profile.memory
    said: Mapping[str, object] = {
        "partition": profile.partition,
        "account": profile.account,
        "qos": profile.qos,
        "time": profile.time,
        "constraint": profile.constraint,
        "gres": f"{profile.gres}:{asked.gpus}" if asked.gpus else None,
        "cpus-per-task": cpus,
        "mem": memory,
    }
    found = [f"--{name}={shlex.quote(str(value))}" for name, value in said.items() if value is not None]
    # A program that says nothing of processors takes all that it sees, so it gets a node for itself.
    if not asked.gpus and cpus is None:
        found.append("--exclusive")
    found.append("--requeue" if profile.requeue else "--no-requeue")
    return [*found, *profile.options]


def _contained(
    launch: Launch, profile: SlurmProfile, kind: Container
) -> tuple[Sequence[str], Sequence[str], Mapping[str, str]]:
    """Return the options of srun, what stands before the program, and the environment, for a container.

    Both kinds put the outer environment into the container; the home is the job's own there and outside.
    """
    if launch.image is None:
        raise PlatformError(f"job {launch.job_id} names no container image")
    env = {k: v for k, v in container.environment(launch).items() if k != "SKILLBANK_JOB_ID"}
    image = image_file(launch.image, profile) or launch.image
    if kind == "pyxis":
        return _pyxis(launch, image), [], env
    return [], _apptainer(launch, image), env


def _pyxis(launch: Launch, image: str) -> list[str]:
    """Return the options of srun; an image of a registry has its host set off by ``#``."""
    bound = container.mounts(launch.results_dir, launch.reads)
    listed = ",".join(f"{m['Source']}:{m['Target']}:{'ro' if m['ReadOnly'] else 'rw'}" for m in bound)
    host, slash, rest = image.partition("/")
    if host and slash and ("." in host or ":" in host or host == "localhost"):
        image = f"{host}#{rest}"
    return [
        f"--container-image={image}",
        f"--container-mounts={listed}",
        f"--container-workdir={launch.results_dir}",
        "--no-container-mount-home",
    ]


def _apptainer(launch: Launch, image: str) -> list[str]:
    """Return the command that a program is started by."""
    home = str(container.container_home(launch.results_dir))
    bound = container.mounts(launch.results_dir, launch.reads)
    binds = [
        word for m in bound for word in ("--bind", f"{m['Source']}:{m['Target']}{':ro' * m['ReadOnly']}")
    ]
    gpus = ["--nv"] if launch.resources.gpus else []
    place = image if image.startswith("/") else f"docker://{image}"
    inside = str(launch.results_dir)
    return ["apptainer", "exec", *gpus, "--home", home, *binds, "--pwd", inside, place]


def image_file(image: str, profile: SlurmProfile) -> str | None:
    """Return the file or folder that is an image; None when it has to come from a registry.

    ``nvcr.io/nvidia/tao:5.5`` is looked for as ``nvcr.io+nvidia+tao+5.5.sif``, or ``.sqsh``, in the profile's
    folder of images, where ``/`` and ``:`` cannot stand in a name.
    """
    if image.startswith("/"):
        return image
    if profile.images is None:
        return None
    stem = image.replace("/", "+").replace(":", "+")
    found = (profile.images / f"{stem}{suffix}" for suffix in (".sif", ".sqsh"))
    return next((str(path) for path in found if path.exists()), None)
