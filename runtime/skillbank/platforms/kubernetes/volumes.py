"""How a job's files get into its pods: folders of claims that this machine sees too, or a bucket.

Inside and outside a file has the same path, so one spec holds in both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kubernetes import client

from skillbank.errors import PlatformError
from skillbank.platforms import container
from skillbank.platforms.base import Launch
from skillbank.platforms.kubernetes.names import BRINGS, READY
from skillbank.platforms.kubernetes.profile import Profile, S3Tier
from skillbank.platforms.kubernetes.shared import place_problem, real, volume_of

__all__ = ["FILES", "Files", "volumes_of"]

FILES = "/skillbank-files"
"""Where the containers that move files see all of them; the job's own sees each at its own path."""
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


def volumes_of(launch: Launch, profile: Profile) -> Files:
    """Return how the files of a launch get into its pods: its results to write, what it reads to read.

    Raises
    ------
    PlatformError
        When something lies where pods do not see it.
    """
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
        volume = volume_of(path, profile.volumes)
        assert volume is not None
        name = names.setdefault(volume.claim, f"claim-{len(names)}")
        below = "/".join(
            part for part in (volume.sub_path, str(real(path).relative_to(real(volume.path)))) if part != "."
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
