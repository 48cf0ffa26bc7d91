"""What the server is told: one file of settings, or options, checked as a whole before anything starts."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from skillbank.entrance import loopback
from skillbank.environment import DATABASE_URL
from skillbank.errors import DataNotFoundError, UsageError
from skillbank.labelling.precision import KINDS
from skillbank.misfits import misfit
from skillbank.team.places import DataRoots
from skillbank.team.rights import Right

__all__ = ["Serving", "read_serving"]

_LONGEST_FILE = 1 << 20


class Serving(BaseModel):
    """The settings; each is a key of the file and an option of ``skillbank serve``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen at")
    port: int = Field(8770, ge=0, le=65535, description="Port to listen at; 0 takes a free one")
    processes: int = Field(1, ge=1, le=64, description="Server processes; more than one need PostgreSQL")
    database_url: str = Field(
        "", repr=False, description="Of the store; SKILLBANK_DATABASE_URL keeps it out of process lists"
    )
    address: str = Field("", description="Under which address people reach it, e.g. https://ai.example.org")
    base_path: str = Field("", description="Path below which a proxy serves it, e.g. /skillbank")
    allow_host: tuple[str, ...] = Field((), description="Another name of this server")
    proxy: tuple[str, ...] = Field(
        (), description="Address or network of a proxy whose X-Forwarded headers count"
    )
    model: str | None = Field(None, description="Model that the page looks with; without it, none")
    precision: str = Field(
        "",
        pattern=f"^({'|'.join(KINDS)})$",
        description=f"In which arithmetic the model computes: {', '.join(KINDS)}",
    )
    most_waiting: int = Field(64, ge=1, description="Detections under way, after which others wait elsewhere")
    session_hours: float = Field(12, gt=0, le=720, description="After which a person signs in again")
    grace: int = Field(20, ge=1, le=600, description="Seconds that requests have to end when it is stopped")
    open_to_everybody: bool = Field(
        False, description="No tokens: everybody on this machine may do everything; loopback only"
    )
    data_roots: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Project, or * for all, and the folders and buckets that it reads",
    )
    issuer: str = Field("", description="Identity provider whose access tokens are taken, by its issuer URL")
    audience: str = Field("", description="What its tokens must be for; by default this server's MCP address")
    jwks_url: str = Field("", description="Its keys; by default as its metadata says")
    person_claim: str = Field("sub", description="Claim that names the person")
    project_claim: str = Field("project", description="Claim that names the project")
    rights_claim: str = Field("scope", description="Claim with what gives rights: words, or a list")
    agent_claim: str = Field("", description="Claim that is there, and true, in tokens of agents")
    grant: dict[str, tuple[Right, ...]] = Field(
        default_factory=dict, description="Value of the rights' claim and the rights that it gives"
    )
    algorithm: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
    ] = Field(("RS256", "ES256"), description="Signatures that its tokens may have")

    @field_validator("base_path")
    @classmethod
    def _base(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and (not value.startswith("/") or any(c in value for c in "?#%\\ ") or "//" in value):
            raise ValueError("must be a path such as /skillbank")
        return value

    @field_validator("address", "issuer", "jwks_url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        plain = parts.scheme == "http" and loopback(parts.hostname or "")
        if value and not (parts.hostname and (parts.scheme == "https" or plain)):
            raise ValueError("must be an https URL (http is for this machine alone)")
        return value

    @field_validator("address")
    @classmethod
    def _origin(cls, value: str) -> str:
        if urlsplit(value).path.strip("/"):
            raise ValueError("must have no path; base_path says it")
        return value.rstrip("/")

    @field_validator("proxy")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                raise ValueError(f"'{each}' must be an address or a network such as 10.0.0.0/8") from None
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if self.open_to_everybody:
            yield from self._problems_of_openness()
        yield from (f"data_roots: {each}" for each in DataRoots(self.data_roots).problems())
        yield from self._problems_of_issuer() if self.issuer else self._without_issuer()

    def _problems_of_openness(self) -> Iterator[str]:
        if not loopback(self.host):
            yield f"open_to_everybody is for loopback alone, and host is {self.host}; leave one of them out"
        if self.address:
            yield "open_to_everybody is for this machine alone, and address names others' way to it"
        if self.data_roots:
            yield "data_roots say nothing where everybody may do everything; leave open_to_everybody out"

    def _problems_of_issuer(self) -> Iterator[str]:
        if not self.grant:
            yield "issuer needs grant, which says what its tokens give, e.g. grant: {operator: [look, plan]}"
        if not (self.audience or self.address):
            yield "issuer needs audience or address, so that tokens for other services are none for this one"

    def _without_issuer(self) -> Iterator[str]:
        unused = ("audience", "jwks_url", "grant", "agent_claim")
        if named := [name for name in unused if getattr(self, name)]:
            yield f"{', '.join(named)} say nothing without issuer; name it, or leave them out"

    @property
    def sqlite(self) -> bool:
        """Whether the store is a file that one process serves."""
        return not self.database_url or self.database_url.startswith("sqlite")


def read_serving(file: Path | None, options: Mapping[str, object]) -> Serving:
    """Read the settings, and check them all.

    Parameters
    ----------
    file
        YAML, or TOML where its name ends so; None where there is none.
    options
        What was said on the command line; it counts before the file.
    """
    said = {} if file is None else _read(file)
    where = "" if file is None else f" in {file}"
    given = said | dict(options)
    if not given.get("database_url") and (url := DATABASE_URL.value):
        given["database_url"] = url
    try:
        return _together(Serving.model_validate(given))
    except ValidationError as error:
        problems = map(_problem, error.errors(include_url=False))
        raise UsageError(f"the settings{where} cannot be used: {'; '.join(problems)}") from None


def _together(found: Serving) -> Serving:
    if found.processes > 1 and found.sqlite:
        raise UsageError(
            f"{found.processes} processes cannot share SQLite; name a PostgreSQL with database_url or "
            "SKILLBANK_DATABASE_URL, or serve with one process"
        )
    return found


def _problem(error: ErrorDetails) -> str:
    if not error["loc"]:  # of several settings, which the sentence names
        return str(error["msg"]).removeprefix("Value error, ")
    return misfit(error, known=Serving.model_fields)


def _read(file: Path) -> dict[str, object]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise DataNotFoundError(f"there is no file {file}; name one with the settings") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _LONGEST_FILE:
        raise UsageError(f"{file} is no file of settings: it is larger than 1 MB")
    try:
        text = content.decode()
        said = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise UsageError(f"{file} must hold keys and values, such as 'port: 8770'")
    return said
