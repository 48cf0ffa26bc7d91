"""What the resource methods and the skills extension answer."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TypeVar

import mcp_types as types
from anyio import to_thread
from mcp.shared.exceptions import MCPError

from skillbank.agent.mcp_server.context import Context
from skillbank.agent.mcp_server.skills import SCHEME, Shelf
from skillbank.bank.foreign import DESCRIPTION, FromSkill
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError
from skillbank.visible import named, one_line

__all__ = ["EXTENSION", "SETTINGS", "CursorParams", "Resources", "UriParams", "only_page"]

EXTENSION = "io.modelcontextprotocol/skills"
SETTINGS = {"directoryRead": True}
PAGE = 50
_FRESH = {"ttlMs": 60_000, "cacheScope": "private"}
T = TypeVar("T")


class CursorParams(types.PaginatedRequestParams):
    """Parameters of ``skills/list``."""


class UriParams(types.PaginatedRequestParams):
    """Parameters of ``skills/get`` and ``resources/directory/read``."""

    uri: str


class Resources:
    """Handlers of ``resources/*`` and ``skills/*``; files are read in threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """List the SKILL.md of each skill; the files beside it are in its entry and its folders."""
        heads, cursor = _page(
            await to_thread.run_sync(self._shelf.heads), params.cursor if params is not None else None
        )
        listed = [
            types.Resource(
                uri=file.uri,
                name=skill.name,
                description=f"What the skill {named(skill.name)} says of itself stands in from_skill.",
                _meta={"from_skill": _says(skill)},
                mime_type=file.mime_type,
                size=file.size,
            )
            for file, skill in heads
        ]
        return types.ListResourcesResult(resources=listed, next_cursor=cursor)

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Return the one shape of all our URIs."""
        only_page(params)
        template = types.ResourceTemplate(
            uri_template=f"{SCHEME}{{bank}}/{{skill}}/{{+file}}",
            name="skill file",
            description="A file of a skill; links in a SKILL.md are relative to its folder.",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Return a skill's file, byte for byte."""

        def load() -> tuple[str, bytes] | None:
            file = self._shelf.file(params.uri)
            return (file.mime_type, file.read()) if file is not None else None

        try:
            found = await to_thread.run_sync(load)
        except (OSError, SkillFormatError):
            found = None
        if found is None:
            raise _unknown(params.uri)
        mime_type, content = found
        contents: types.TextResourceContents | types.BlobResourceContents
        try:
            contents = types.TextResourceContents(
                uri=params.uri, mime_type=mime_type, text=content.decode("utf-8")
            )
        except UnicodeDecodeError:
            blob = base64.b64encode(content).decode()
            contents = types.BlobResourceContents(uri=params.uri, mime_type=mime_type, blob=blob)
        return types.ReadResourceResult(contents=[contents])

    async def list_skills(self, ctx: Context, params: CursorParams) -> dict[str, object]:
        """``skills/list``."""
        entries, cursor = _page(await to_thread.run_sync(self._shelf.entries), params.cursor)
        return {"skills": entries, **({"nextCursor": cursor} if cursor else {}), **_FRESH}

    async def get_skill(self, ctx: Context, params: UriParams) -> dict[str, object]:
        """``skills/get``."""
        entry = await to_thread.run_sync(self._shelf.entry, params.uri)
        if entry is None:
            raise _unknown(params.uri)
        return {"skill": entry, **_FRESH}

    async def read_directory(self, ctx: Context, params: UriParams) -> dict[str, object]:
        """``resources/directory/read``."""
        children = await to_thread.run_sync(self._shelf.children, params.uri)
        if children is None:
            raise _unknown(params.uri)
        shown, cursor = _page(children, params.cursor)
        listed = [
            {"uri": uri, "name": name, "mimeType": mime_type, **({} if size is None else {"size": size})}
            for uri, name, mime_type, size in shown
        ]
        return {"resources": listed, **({"nextCursor": cursor} if cursor else {}), **_FRESH}


_CURSOR = re.compile(r"[1-9][0-9]{0,8}")


def _says(skill: Skill) -> dict[str, str]:
    """Return a skill's description as its words, apart from ours."""
    words = FromSkill.of(skill.name, skill.frontmatter.description, DESCRIPTION)
    return words.model_dump() if words is not None else {}


def _unknown(uri: str) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=f"There is no resource '{uri}'.", data={"uri": uri})


def only_page(params: types.PaginatedRequestParams | None) -> None:
    """Refuse any cursor of a list that is one page: it would be answered with what it does not name."""
    if params is not None and params.cursor is not None:
        raise _foreign(params.cursor)


def _foreign(cursor: str) -> MCPError:
    shown = one_line(cursor, 60)
    return MCPError(
        code=types.INVALID_PARAMS, message=f"The cursor '{shown}' is not one of ours; start anew."
    )


def _page(items: Sequence[T], cursor: str | None) -> tuple[Sequence[T], str | None]:
    """Return the page that a cursor names, and the cursor of the next one."""
    if cursor is None:
        start = 0
    elif _CURSOR.fullmatch(cursor) and int(cursor) < len(items) and int(cursor) % PAGE == 0:
        start = int(cursor)
    else:
        raise _foreign(cursor)
    end = start + PAGE
    return items[start:end], str(end) if end < len(items) else None
