"""The profile of a Slurm cluster: where its commands are, where jobs go, what they get.

``SKILLBANK_SLURM`` names the file; without it ``slurm.yaml`` in skillbank's home is read where there is one.
``references/platforms.md`` explains every key.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from skillbank.environment import SLURM
from skillbank.nearby import at_home
from skillbank.platforms import profile
from skillbank.redact import looks_secret

__all__ = ["TEMPLATE", "SlurmProfile", "load_profile", "profile_path"]

TEMPLATE = Path(__file__).with_name("job.sh.j2")
"""The script of a job, as it is when the profile names no other."""
_TIME = re.compile(r"\d+(:\d\d){0,2}|\d+-\d\d?(:\d\d){0,2}|UNLIMITED")
_MEMORY = re.compile(r"(\d+)([kmgt]?)i?b?", re.I)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _line(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError("must be one line of text that is not empty")
    return value


Folders = Annotated[tuple[Path, ...], BeforeValidator(_listed)]
Line = Annotated[str, Field(min_length=1), BeforeValidator(lambda v: _line(v) if isinstance(v, str) else v)]


class SlurmProfile(BaseModel):
    """What an administrator or a user says about a cluster; everything has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: str | None = None
    """``user@host`` where Slurm's commands are, reached by ssh; without it they are on this machine."""
    ssh_options: tuple[str, ...] = ()
    bin: Path | None = None
    """The folder of sbatch and the others, when they are not on PATH."""
    shared: Folders = ()
    """Folders that this machine and all nodes see at the same path; without any, nothing is checked."""
    partition: Line | None = None
    account: Line | None = None
    qos: Line | None = None
    time: Line | None = None
    gres: Line = "gpu"
    """What GPUs are called, like ``gpu:a100``; a plan says how many each node gives."""
    constraint: Line | None = None
    cpus: int | None = Field(default=None, ge=1)
    """For jobs whose plan says nothing, as is ``memory``; each node gives as many."""
    memory: str | None = None
    options: tuple[Line, ...] = ()
    """Further options of sbatch, like ``--mail-type=FAIL``."""
    path: Annotated[tuple[Line, ...], BeforeValidator(_listed)] = ()
    """Folders of programs on the nodes, searched first."""
    env: dict[str, str] = {}
    setup: str = ""
    """Lines of shell that a job runs before its program, like ``module load cuda``."""
    container: Literal["auto", "apptainer", "pyxis", "none"] = "auto"
    images: Path | None = None
    """A folder with images as files, looked into before a registry is asked."""
    template: Path = TEMPLATE
    requeue: bool = True
    """Whether Slurm may start a job again that a node's failure or a preemption ended."""
    parallel: int | None = Field(default=None, ge=1)
    """How many trials of a search are in the queue at a time; by default what the nodes take, and some."""
    grace: float = Field(default=90.0, gt=0)
    """Seconds for which a cancel waits for Slurm to end a job: its own KillWait and a little more."""

    @field_validator("shared")
    @classmethod
    def _absolute(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in value:
            if not folder.is_absolute() or folder == Path("/"):
                raise ValueError(f"'{folder}' is no absolute path of a folder")
        return value

    @field_validator("images", "template", "bin")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return at_home(value) if value is not None else None

    @field_validator("login")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is not None and (not value or value.startswith("-") or not value.isprintable()):
            raise ValueError(f"'{value}' is no host; write user@host")
        return value

    @field_validator("time")
    @classmethod
    def _duration(cls, value: str | None) -> str | None:
        if value is not None and not _TIME.fullmatch(value):
            raise ValueError(f"'{value}' is no time of Slurm; write minutes, 12:00:00 or 2-00:00:00")
        return value

    @field_validator("memory")
    @classmethod
    def _size(cls, value: str | None) -> str | None:
        return value and size(value)

    @field_validator("options")
    @classmethod
    def _options(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for option in value:
            if not option.startswith("-"):
                raise ValueError(f"'{option}' is no option of sbatch; options begin with '-'")
        return value

    @field_validator("env")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise ValueError(f"'{name}' is no name of an environment variable")
            if looks_secret(name):
                raise ValueError(
                    f"{name} looks like a secret, which must not stand in a file; export it where skillbank "
                    "runs: those that a skill names reach its jobs"
                )
        return value

    def shares(self, path: Path) -> bool:
        """Say whether the nodes see a path and where it leads; yes when the profile says nothing about it."""
        folders = [each for folder in self.shared for each in (folder, Path(os.path.realpath(folder)))]
        seen = (any(p.is_relative_to(each) for each in folders) for p in (path, Path(os.path.realpath(path))))
        return not folders or all(seen)


def size(text: str) -> str:
    """Return an amount of memory as Slurm writes it."""
    found = _MEMORY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no amount of memory; write 64G")
    return f"{found[1]}{found[2].upper() or 'M'}"


def profile_path() -> Path:
    """Return where the profile is looked for."""
    return profile.profile_path(SLURM, "slurm.yaml")


def load_profile() -> SlurmProfile:
    """Read the profile; where there is none, everything is as by default."""
    return profile.read_profile(profile_path(), SlurmProfile, must=SLURM.value is not None)
