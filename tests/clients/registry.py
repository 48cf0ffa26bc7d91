"""The clients of the matrix: which test plays each, and what that test shows of it.

A test fails unless it shows exactly what stands here, so that the table in references/mcp.md, which is made
from this (``python -m tests.clients.table``), says what was seen.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.clients.conversation import Step

__all__ = ["CLIENTS", "Client", "release"]

HERE = Path(__file__).parent
BESIDE: tuple[Step, ...] = ("tools", "plan", "refusal", "launch", "results", "cancel")
ASKING: tuple[Step, ...] = (*BESIDE, "asks")


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes
    ----------
    package
        What its release is read from: ``npm:NAME``, ``lock:NAME``, or ``LIST:NAME`` of a list in ``python/``.
    test
        The test that plays it, as pytest names it within this folder.
    shows
        What the test shows, in the order in which it is seen.
    note
        What a person must know who uses it.
    """

    name: str
    package: str
    test: str
    over: str
    shows: tuple[Step, ...]
    note: str = ""


CLIENTS: tuple[Client, ...] = (
    Client(
        "Claude Code",
        "npm:@anthropic-ai/claude-code-linux-x64",
        "test_claude_code.py::test_claude_code",
        "stdio",
        BESIDE,
        "headless (`-p`) it answers a question with `cancel`",
    ),
    Client(
        "Codex (`exec`)",
        "npm:@openai/codex-linux-x64",
        "test_codex.py::test_codex[exec]",
        "stdio",
        BESIDE,
        "wants `required = true`; answers a question with `decline` by itself",
    ),
    Client(
        "Codex (`exec --approve-for-me`)",
        "npm:@openai/codex-linux-x64",
        "test_codex.py::test_codex[approve-for-me]",
        "stdio",
        BESIDE,
        "wants `required = true`; answers a question with `cancel`",
    ),
    Client("Gemini CLI", "npm:@google/gemini-cli", "test_gemini_cli.py::test_gemini_cli", "stdio", BESIDE),
    Client("opencode", "npm:opencode-linux-x64", "test_opencode.py::test_opencode", "stdio", BESIDE),
    Client(
        "Qwen Code",
        "npm:@qwen-code/qwen-code",
        "test_qwen_code.py::test_qwen_code",
        "stdio",
        BESIDE,
        "its model finds the tools with `tool_search` unless `tools.toolSearch.enabled` is false",
    ),
    Client(
        "Inspector (command line)",
        "npm:@modelcontextprotocol/inspector",
        "test_inspector.py::test_inspector",
        "HTTP",
        BESIDE,
        "`tools/list --strict` finds no error, `skills/list --verify` verifies every file",
    ),
    Client(
        "TypeScript SDK 1",
        "npm:@modelcontextprotocol/sdk",
        "test_typescript.py::test_over_stdio[1]",
        "stdio",
        ASKING,
    ),
    Client(
        "TypeScript SDK 1",
        "npm:@modelcontextprotocol/sdk",
        "test_typescript.py::test_over_http[1]",
        "HTTP",
        BESIDE,
    ),
    Client(
        "TypeScript SDK 2",
        "npm:@modelcontextprotocol/client",
        "test_typescript.py::test_over_stdio[2]",
        "stdio",
        ASKING,
    ),
    Client(
        "TypeScript SDK 2",
        "npm:@modelcontextprotocol/client",
        "test_typescript.py::test_over_http[2]",
        "HTTP",
        BESIDE,
    ),
    Client("Python SDK", "mcp-1.2:mcp", "test_python_sdk.py::test_earlier[1.2]", "stdio", BESIDE),
    Client("Python SDK", "mcp-1.10:mcp", "test_python_sdk.py::test_earlier[1.10]", "stdio", ASKING),
    Client("Python SDK", "mcp-1.26:mcp", "test_python_sdk.py::test_earlier[1.26]", "stdio", ASKING),
    Client("Python SDK", "lock:mcp", "test_python_sdk.py::test_ours[mcp_two]", "stdio", ASKING),
    Client("FastMCP", "lock:fastmcp", "test_python_sdk.py::test_ours[fastmcp_client]", "stdio", ASKING),
    Client(
        "FastMCP with fastmcp-tasks",
        "modern:fastmcp-tasks",
        "test_python_agents.py::test_tasks",
        "stdio",
        ("tools", "plan", "launch", "results", "cancel", "tasks"),
    ),
    Client(
        "openai-agents",
        "frameworks:openai-agents",
        "test_python_agents.py::test_agent[openai_agent-frameworks]",
        "stdio",
        BESIDE,
    ),
    Client(
        "pydantic-ai",
        "modern:pydantic-ai-slim",
        "test_python_agents.py::test_agent[pydantic_agent-modern]",
        "stdio",
        BESIDE,
    ),
    Client(
        "langchain-mcp-adapters",
        "frameworks:langchain-mcp-adapters",
        "test_python_agents.py::test_langchain",
        "stdio",
        BESIDE,
    ),
    Client(
        "mcp-use",
        "mcp-use:mcp-use",
        "test_python_agents.py::test_mcp_use",
        "stdio",
        ASKING,
        "installs beside `mcp<2`; with 2 it cannot be imported",
    ),
    Client(
        "google-adk",
        "google-adk:google-adk",
        "test_python_agents.py::test_agent[google_adk_agent-google-adk]",
        "stdio",
        BESIDE,
    ),
)


def release(package: str) -> str:
    """Return the release that is tested, to its second number."""
    source, _, name = package.partition(":")
    if source == "npm":
        wanted = json.loads((HERE / "package.json").read_text())
        version = {**wanted["dependencies"], **wanted["optionalDependencies"]}[name].rpartition("@")[2]
    else:
        lists = HERE.parents[1] / "locks/dev.txt" if source == "lock" else HERE / "python" / f"{source}.txt"
        found = re.search(rf"^{re.escape(name)}==([\w.]+)", lists.read_text(), re.MULTILINE)
        assert found is not None, f"{name} is not in {lists}"
        version = found[1]
    return ".".join(version.split(".")[:2])
