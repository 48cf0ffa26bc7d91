"""Asking the person at the client: MCP elicitation, before and since revision 2026-07-28.

Until 2025-11-25 the server sends ``elicitation/create`` while the call waits. Since 2026-07-28 the answer to
the call is the question, and the client repeats the call with the person's reply and the question's mark. A
mark is unguessable, names one question, and is worth one reply.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Literal

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from skillbank.agent.approval import Approval
from skillbank.agent.mcp_server.context import Context
from skillbank.visible import one_line, visible

__all__ = ["Consent", "Reply", "person"]

_KEY = "approval"
_VALID_SECONDS = 3600.0
_MOST_OPEN = 1000
_CODE = {"type": "string", "title": "Approval code", "description": "The code that a person set"}
_APPROVE = {"type": "boolean", "title": "Approve", "description": "Yes, once, exactly this"}
_FORM: dict[str, object] = {
    "type": "object",
    "properties": {"approve": _APPROVE},
    "required": ["approve"],
}
_FORM_WITH_CODE: dict[str, object] = {
    "type": "object",
    "properties": {"approve": _APPROVE, "code": _CODE},
    "required": ["approve", "code"],
}


@dataclass(frozen=True)
class Reply:
    """What came back for a question.

    ``said`` is ``yes`` or ``no`` where the client brought that, and ``nothing`` where the question was put
    away. Many clients answer by themselves that it was, and some that it is a no, with nobody there.
    ``code`` is what stood in the field for the approval code.
    """

    approval: Approval
    said: Literal["yes", "no", "nothing"]
    code: str = field(default="", repr=False)


class Consent:
    """The questions that are open, and the replies to them."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Approval, float]] = {}

    def reply(self, params: types.CallToolRequestParams) -> Reply | None:
        """Return the reply that a repeated call brings; None when it answers no question that is open."""
        response = (params.input_responses or {}).get(_KEY)
        approval, asked = self._open.pop(params.request_state or "", (None, 0.0))
        if not isinstance(response, types.ElicitResult) or time.monotonic() - asked > _VALID_SECONDS:
            return None
        return _reply(approval, response) if approval is not None else None

    async def ask(
        self, ctx: Context, approval: Approval, code: bool
    ) -> Reply | types.InputRequiredResult | None:
        """Put a question to the person; None when this client cannot ask.

        Parameters
        ----------
        code
            Whether the approval code is asked too.
        """
        if not _asks(ctx):
            return None
        schema = _FORM_WITH_CODE if code else _FORM
        form = types.ElicitRequestFormParams(message=visible(approval.question), requested_schema=schema)
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            mark = secrets.token_urlsafe(24)
            self._open[mark] = (approval, time.monotonic())
            while len(self._open) > _MOST_OPEN:
                del self._open[next(iter(self._open))]
            question = types.ElicitRequest(params=form)
            return types.InputRequiredResult(input_requests={_KEY: question}, request_state=mark)
        if not ctx.session.can_send_request:
            return None
        try:
            result = await ctx.session.elicit_form(form.message, schema, related_request_id=ctx.request_id)
        except (MCPError, ValidationError):
            return None  # the client failed to ask, so nobody has said anything
        return _reply(approval, result)


def person(ctx: Context) -> str:
    """Name who approves: whoever sits at this client."""
    client = ctx.session.client_params.client_info if ctx.session.client_params is not None else None
    return f"mcp {one_line(client.name, 60)}" if client is not None else "mcp"


def _asks(ctx: Context) -> bool:
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    # A bare `elicitation: {}` means forms; one that names only URLs does not.
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _reply(approval: Approval, result: types.ElicitResult) -> Reply:
    ticked = (result.content or {}).get("approve")
    if result.action == "decline" or (result.action == "accept" and ticked is False):
        return Reply(approval, "no")
    code = (result.content or {}).get("code")
    said: Literal["yes", "nothing"] = "yes" if result.action == "accept" and ticked is True else "nothing"
    return Reply(approval, said, code if isinstance(code, str) else "")
