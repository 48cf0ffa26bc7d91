"""What ``skillbank doctor`` says about Docker: the daemon, its GPUs, images and room, and what jobs left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.environment import IMAGE
from skillbank.errors import PlatformError
from skillbank.lazy_imports import lazy_imports
from skillbank.platforms.check import Check
from skillbank.platforms.container import LABEL, gpu_pool
from skillbank.platforms.docker.daemon import Daemon, pull_policy
from skillbank.ways import Sentence, option

with lazy_imports():
    from skillbank.bank import discovery

if TYPE_CHECKING:
    from skillbank.platforms.docker.daemon import DaemonFacts

__all__ = ["docker_checks"]


def docker_checks() -> list[Check]:
    """Ask the daemon; when there is none, that is the only finding."""
    daemon = Daemon()
    if daemon.remote:
        said = f"DOCKER_HOST is {daemon.host}, another machine, where nothing of this one can be mounted"
        return [Check("docker", "missing", said, needed=True)]
    try:
        info = daemon.info()
    except PlatformError as error:
        return [Check("docker", "missing", error.sentence, needed=True)]
    said = f"{info.get('ServerVersion')} at {daemon.host}, {info.get('NCPU')} CPUs"
    memory = f"{info.get('MemTotal', 0) / 2**30:.0f} GiB of memory"
    return [
        Check("docker", "ok", f"{said}, {memory}"),
        _gpus(daemon, info),
        *_images(daemon),
        *_rest(daemon, info),
    ]


def _gpus(daemon: Daemon, info: DaemonFacts) -> Check:
    pool = gpu_pool()
    if pool == []:
        return Check(
            "docker gpus", "missing", "none are to be used (SKILLBANK_DOCKER_GPUS, CUDA_VISIBLE_DEVICES)"
        )
    if not daemon.has_gpus(info):
        said = Sentence(
            "no NVIDIA runtime; install the NVIDIA container toolkit, or run on the CPU with "
            f"{option('gpus', '0')}"
        )
        return Check("docker gpus", "missing", said)
    return Check("docker gpus", "ok", f"NVIDIA runtime; {'all' if pool is None else ', '.join(pool)}")


def _images(daemon: Daemon) -> Iterator[Check]:
    """Look for the image that the environment names, else for those of the skills' actions."""
    named = IMAGE.value
    skills = discovery.Library().skills
    images = {named} if named else {i for s in skills for a in s.actions if (i := s.image(a))}
    for image in sorted(images):
        if daemon.image(image) is not None:
            yield Check("docker image", "ok", f"{image} is here")
        else:
            how = "cannot be pulled (never)" if pull_policy() == "never" else "is pulled when a job needs it"
            yield Check("docker image", "missing", f"{image} is not here and {how}")


def _rest(daemon: Daemon, info: DaemonFacts) -> Iterator[Check]:
    root = Path(str(info.get("DockerRootDir") or "/var/lib/docker"))
    if root.exists():
        free = shutil.disk_usage(root).free
        yield Check("docker disk", "ok", f"{free / 2**30:.0f} GiB free under {root} for images")
    with daemon.speaking() as api:
        left = api.containers(all=True, filters={"label": f"{LABEL}job", "status": ["exited", "created"]})
    if left:
        said = (
            f"{len(left)} ended containers of jobs are kept; docker container prune --filter label={LABEL}job"
        )
        yield Check("docker containers", "ok", said)
