"""``bank.yaml``: what a bank says of itself, for every ecosystem that installs it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillFormatError

__all__ = ["FILE", "About", "Group", "Owner", "Server", "read_about"]

FILE = "bank.yaml"
Kebab = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Line = Annotated[str, Field(min_length=1, max_length=120)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Owner(_Strict):
    """Who answers for the bank."""

    name: Line
    email: str | None = None
    url: str | None = None

    def document(self) -> dict[str, str]:
        """Return what is said of the owner, without what is not."""
        return self.model_dump(exclude_none=True)


class Server(_Strict):
    """The MCP server that comes with the skills: a command that is installed beside them."""

    name: Kebab
    command: Line
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}

    def document(self) -> dict[str, object]:
        """Return the entry of an ``mcpServers`` table."""
        written: dict[str, object] = {"command": self.command, "args": list(self.args)}
        return {**written, "env": dict(self.env)} if self.env else written


class Group(_Strict):
    """Skills that a catalogue shows under one heading."""

    title: Line
    description: Annotated[str, Field(max_length=500)] = ""
    skills: Annotated[tuple[str, ...], Field(min_length=1)]


class About(_Strict):
    """What ``bank.yaml`` says.

    Attributes
    ----------
    version
        Semantic version of the bank; left out where a ``pyproject.toml`` beside the file has one.
    server
        The MCP server to start with the skills; none for a bank of prose.
    prompts
        What a person might say first, at most three.
    """

    name: Kebab
    title: Line
    description: Annotated[str, Field(min_length=1, max_length=1024)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$")]
    owner: Owner
    license: Line
    homepage: str | None = None
    repository: str | None = None
    category: Line = "Developer Tools"
    keywords: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    server: Server | None = None
    prompts: Annotated[tuple[Line, ...], Field(max_length=3)] = ()
    groups: tuple[Group, ...] = ()


def read_about(root: Path) -> About:
    """Read a bank's description of itself.

    Raises
    ------
    SkillFormatError
        One sentence with everything that is wrong in the file, or the words to write it with.
    """
    file = root / FILE
    if not file.is_file():
        raise SkillFormatError(
            f"{file} is missing; give it name, title, description, version, owner (name) and license."
        )
    said = read_yaml(file)
    if not isinstance(said, dict):
        raise SkillFormatError(f"{file} is not a mapping of fields.")
    try:
        return About.model_validate({**_project_version(root), **said})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg'][:1].lower()}{each['msg'][1:]}"
            for each in error.errors(include_url=False)
        )
        raise SkillFormatError(f"{file}: {wrong}.") from None


def _project_version(root: Path) -> dict[str, str]:
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SkillFormatError(f"{file} cannot be read for the version: {error}.") from None
    version = str(project.get("version", ""))
    return {"version": version} if re.fullmatch(r"\d+(\.\d+){2}.*", version) else {}
