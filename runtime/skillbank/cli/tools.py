"""``skillbank tools``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options, terminal


def tools(
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="OpenAI's strict mode, for endpoints that know it.")
    ] = True,
    as_json: options.Json = False,
) -> None:
    """List the tools of agents; --json prints them as OpenAI function tools."""
    from skillbank.agent.approval import ApprovalPolicy
    from skillbank.agent.catalogue import TOOLS

    policy = ApprovalPolicy.from_environment()
    if as_json:
        from skillbank.agent.openai_tools import openai_tools

        options.print_json(openai_tools(strict))
        return
    from skillbank.approval_code import Lock
    from skillbank.cli.present import tools_view

    code = Lock.read().shut
    terminal.show(tools_view([(tool, policy.decide(tool.name, tool.approval, code)) for tool in TOOLS]))
