"""Which places of this machine pods see: those below a volume that the profile names."""

from __future__ import annotations

import os
from pathlib import Path

from skillbank.platforms.kubernetes.profile import Profile, Volume

__all__ = ["place_problem", "real", "volume_of"]


def place_problem(path: Path, profile: Profile, *, writes: bool = False) -> str | None:
    """Say why pods cannot read a file or folder of this machine, or write it; None when they can."""
    if profile.s3 is not None:
        return None
    volume = volume_of(path, profile.volumes)
    if volume is None:
        there = ", ".join(str(volume.path) for volume in profile.volumes)
        leads = f", which leads to {leads_to}," if (leads_to := real(path)) != path else ""
        return (
            f"{path}{leads} is on this machine alone, where pods do not see it; "
            + (f"put it below {there}, which they share" if there else "name a shared volume in the profile")
            + ", or name a bucket under s3 in the profile"
        )
    if writes and volume.read_only:
        return f"{path} is on the claim {volume.claim}, which pods only read; choose another place"
    return None


def volume_of(path: Path, volumes: tuple[Volume, ...]) -> Volume | None:
    """Return the volume that holds what a path leads to; of several, the one that is nearest to it.

    A node mounts a part of a volume without following links that are right on this machine alone.
    """
    inside = [volume for volume in volumes if real(path).is_relative_to(real(volume.path))]
    return max(inside, key=lambda volume: len(volume.path.parts), default=None)


def real(path: Path) -> Path:
    """Return a place with all links on the way to it followed."""
    return Path(os.path.realpath(path))
