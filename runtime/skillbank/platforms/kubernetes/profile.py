"""The profile of a cluster: one small YAML file that says where and how jobs run there.

``SKILLBANK_KUBERNETES`` names the file; without it ``kubernetes.yaml`` in skillbank's home is read where
there is one. ``references/platforms.md`` explains every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from skillbank.environment import KUBERNETES
from skillbank.errors import PlatformError
from skillbank.platforms import profile
from skillbank.platforms.kubernetes.names import quantity, seconds
from skillbank.redact import looks_secret

__all__ = ["Profile", "S3Tier", "SecretKey", "Toleration", "Volume", "load_profile", "profile_path"]

BRINGING = 600
"""Seconds that the last results may take to arrive in a bucket."""
Duration = Annotated[int, BeforeValidator(seconds)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Volume(_Strict):
    """A claim whose files this machine sees too, at the same path as the pods."""

    claim: str = Field(min_length=1)
    path: Path
    sub_path: str = ""
    """The folder of the claim that ``path`` is; the whole claim without it."""
    read_only: bool = False

    @field_validator("path")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        if not value.is_absolute() or value == Path("/"):
            raise ValueError(f"'{value}' is no absolute path of a folder")
        return value

    @field_validator("sub_path")
    @classmethod
    def _below(cls, value: str) -> str:
        if value.startswith("/") or ".." in value.split("/"):
            raise ValueError(f"'{value}' is no folder of the claim")
        return value.strip("/")


class SecretKey(_Strict):
    """One value of a Secret of the namespace."""

    secret: str = Field(min_length=1)
    key: str = Field(min_length=1)


class S3Tier(_Strict):
    """No shared files: pods fetch what they read from a bucket, and bring their results there."""

    root: str = Field(pattern=r"^s3://[^/]+(/.*)?$")
    image: str = Field(min_length=1)
    """An image with skillbank, which moves the files."""
    secret: str | None = None
    """A Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without it the service account counts."""
    env: dict[str, str] = {}
    """Plain settings for it, like AWS_ENDPOINT_URL."""


class Toleration(_Strict):
    """As in every manifest: which taints of nodes jobs bear."""

    key: str | None = None
    operator: Literal["Exists", "Equal", "Lt", "Gt"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = Field(default=None, alias="tolerationSeconds")


class Profile(_Strict):
    """What an administrator says about a cluster; everything has a default but where files are."""

    context: str | None = None
    namespace: str | None = None
    volumes: tuple[Volume, ...] = ()
    s3: S3Tier | None = None
    secrets: tuple[str, ...] = ()
    """Secrets whose values all become the job's environment."""
    secret_env: dict[str, SecretKey] = {}
    env: dict[str, str] = {}
    cpus: float | None = Field(default=None, gt=0)
    """For jobs whose plan says nothing, as is ``memory``."""
    memory: str | None = None
    gpu_resource: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    priority_class: str | None = None
    runtime_class: str | None = None
    service_account: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    run_as: str = Field(default="me", pattern=r"^(me|image|\d+:\d+)$")
    """``me``: whoever launches; ``image``: as the image says; else user and group, like 1000:1000."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    time_limit: Duration | None = None
    grace: Duration = 120
    """Between asking a program to stop and killing it: time for a last checkpoint."""
    keep: Duration = 7 * 86400
    """For which an ended Job stays in the cluster."""
    start_patience: Duration = 600
    """For which a pod that cannot start (image, secret) is waited for."""
    parallel: int = Field(default=1, ge=1)
    """How many trials of a search run side by side."""
    master_port: int = Field(default=29500, ge=1024, le=65535)

    @property
    def pod_grace(self) -> int:
        """Seconds from asking a pod to stop to killing it; with a bucket, results must still be brought."""
        return self.grace + (BRINGING if self.s3 is not None else 0)

    @field_validator("memory")
    @classmethod
    def _size(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                quantity(value)
            except PlatformError as error:
                raise ValueError(error.sentence) from None
        return value

    @field_validator("env")
    @classmethod
    def _no_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if looks_secret(name):
                raise ValueError(
                    f"{name} looks like a secret; put it into a Secret and name it in secret_env"
                )
        return value


def profile_path() -> Path:
    """Return where the profile is looked for."""
    return profile.profile_path(KUBERNETES, "kubernetes.yaml")


def load_profile() -> Profile:
    """Read the profile; where there is none, everything is as by default."""
    return profile.read_profile(profile_path(), Profile, must=KUBERNETES.value is not None)
