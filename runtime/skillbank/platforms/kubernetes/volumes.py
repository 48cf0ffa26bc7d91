"""How a job's files get into its pods: folders of claims that this machine sees too, or a bucket.

Inside and outside a file has the same path, so one spec holds in both places.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.platforms import container
from skillbank.platforms.base import Launch
from skillbank.platforms.kubernetes.profile import Profile, S3Tier, Volume

if TYPE_CHECKING:
    from kubernetes import client

__all__ = ["BRINGS", "FILES", "READY", "Files", "place_problem", "volumes_of"]

BRINGS = "bring"
"""The container that brings results back."""
FILES = "/skillbank-files"
"""Where the containers that move files see all of them; the job's own sees each at its own path."""
READY = "ready"
"""The file that says that whoever brings results back is listening: a program may end at once."""
_PATIENCE = 300
"""Seconds that it may take to begin listening."""


@dataclass(frozen=True)
class Files:
    """Volumes of a pod, their mounts in the job's container, and what moves files in and out."""

    volumes: list[client.V1Volume]
    mounts: list[client.V1VolumeMount]
    courier: tuple[S3Tier, str] | None = field(default=None)
    """The bucket and the job's id, when files come from there."""

    @property
    def plain(self) -> bool:
        """Whether nothing in the pod may need the service account's own credentials."""
        return self.courier is None or self.courier[0].secret is not None

    def before(self, security: client.V1SecurityContext) -> Iterator[client.V1Container]:
        """Yield the containers that start before the program: one fetches, one stays and brings back."""
        from kubernetes import client

        if self.courier is None:
            return
        tier, job_id = self.courier
        common: dict[str, object] = {
            "image": tier.image,
            "security_context": security,
            # Why it failed is then in the pod's own status, in its own words.
            "termination_message_policy": "FallbackToLogsOnError",
            "env": [client.V1EnvVar(name=name, value=value) for name, value in sorted(tier.env.items())]
            + [client.V1EnvVar(name="HOME", value=FILES)],
            "env_from": [client.V1EnvFromSource(secret_ref=client.V1SecretEnvSource(name=tier.secret))]
            if tier.secret
            else None,
            "volume_mounts": [client.V1VolumeMount(name="files", mount_path=FILES)],
        }
        command = ["python", "-m", "skillbank.platforms.kubernetes.courier"]
        listens = client.V1Probe(
            _exec=client.V1ExecAction(command=["test", "-e", f"{FILES}/{READY}"]),
            period_seconds=1,
            failure_threshold=_PATIENCE,
        )
        stays: dict[str, object] = {"restart_policy": "Always", "startup_probe": listens}
        for verb, more in (("fetch", {}), (BRINGS, stays)):
            words = [*command, verb, tier.root, job_id, FILES]
            yield client.V1Container(name=verb, command=words, **more, **common)


def place_problem(path: Path, profile: Profile, *, writes: bool = False) -> str | None:
    """Say why pods cannot read a file or folder of this machine, or write it; None when they can."""
    if profile.s3 is not None:
        return None
    volume = _volume_of(path, profile.volumes)
    if volume is None:
        there = ", ".join(str(volume.path) for volume in profile.volumes)
        leads = f", which leads to {real}," if (real := _real(path)) != path else ""
        return (
            f"{path}{leads} is on this machine alone, where pods do not see it; "
            + (f"put it below {there}, which they share" if there else "name a shared volume in the profile")
            + ", or name a bucket under s3 in the profile"
        )
    if writes and volume.read_only:
        return f"{path} is on the claim {volume.claim}, which pods only read; choose another place"
    return None


def volumes_of(launch: Launch, profile: Profile) -> Files:
    """Return how the files of a launch get into its pods: its results to write, what it reads to read.

    Raises
    ------
    PlatformError
        When something lies where pods do not see it.
    """
    from kubernetes import client

    bound = [
        (Path(mount["Target"]), bool(mount["ReadOnly"]))
        for mount in container.mounts(launch.results_dir, launch.reads)
    ]
    if profile.s3 is not None:
        empty = client.V1Volume(name="files", empty_dir=client.V1EmptyDirVolumeSource())
        mounts = [
            client.V1VolumeMount(
                name="files",
                mount_path=str(path),
                sub_path=str(path).lstrip("/"),
                read_only=read_only or None,
            )
            for path, read_only in bound
        ]
        return Files([empty], mounts, (profile.s3, launch.job_id))
    names: dict[str, str] = {}
    mounts = []
    for path, read_only in bound:
        if problem := place_problem(path, profile, writes=not read_only):
            raise PlatformError(problem)
        volume = _volume_of(path, profile.volumes)
        assert volume is not None
        name = names.setdefault(volume.claim, f"claim-{len(names)}")
        below = "/".join(
            part
            for part in (volume.sub_path, str(_real(path).relative_to(_real(volume.path))))
            if part != "."
        )
        mounts.append(
            client.V1VolumeMount(
                name=name,
                mount_path=str(path),
                sub_path=below.strip("/") or None,
                read_only=read_only or None,
            )
        )
    volumes = [
        client.V1Volume(
            name=name,
            persistent_volume_claim=client.V1PersistentVolumeClaimVolumeSource(claim_name=claim),
        )
        for claim, name in names.items()
    ]
    return Files(volumes, mounts)


def _volume_of(path: Path, volumes: tuple[Volume, ...]) -> Volume | None:
    """Return the volume that holds what a path leads to; of several, the one that is nearest to it.

    A node mounts a part of a volume without following links that are right on this machine alone.
    """
    inside = [volume for volume in volumes if _real(path).is_relative_to(_real(volume.path))]
    return max(inside, key=lambda volume: len(volume.path.parts), default=None)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
