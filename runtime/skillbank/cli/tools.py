"""``skillbank tools``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.tool_formats import FORMATS, tools_as
from skillbank.approval_code import Lock
from skillbank.cli import options, terminal
from skillbank.cli.present import tools_view
from skillbank.errors import UsageError, a_few
from skillbank.visible import one_line


def tools(
    form: Annotated[
        str | None,
        typer.Option("--format", help="Print them for openai, responses, anthropic, gemini or mcp, as JSON."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="OpenAI's strict mode, for endpoints that know it.")
    ] = True,
    as_json: options.Json = False,
) -> None:
    """List the tools of agents; --json prints them as OpenAI function tools, --format as others want them."""
    policy = ApprovalPolicy.from_environment()
    if form is not None or as_json:
        wanted = "openai" if form is None else form
        if wanted not in FORMATS:
            raise UsageError(f"--format '{one_line(wanted)}' must be one of {a_few(FORMATS, 9)}.")
        options.print_json(tools_as(wanted, strict))
        return

    code = Lock.read().shut
    terminal.show(tools_view([(tool, policy.decide(tool.name, tool.approval, code)) for tool in TOOLS]))
