"""The whole MCP door with two clients over both transports: real server processes, real jobs."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.agent.mcp_clients import Door, Place, Says, http_server, opened
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow

DOORS = [("sdk", "http", "legacy"), ("fastmcp", "stdio", "auto")]
"""Either client over the transport that it does not use in the test of the training."""


@asynccontextmanager
async def door(
    kind: str,
    transport: str,
    bank: Path,
    environment: dict[str, str],
    *,
    mode: str = "auto",
    says: Says | None = None,
) -> AsyncIterator[Door]:
    if transport == "stdio":
        async with opened(kind, Place(bank, environment), mode, says) as found:
            yield found
        return
    with http_server(bank, environment) as server:
        async with opened(kind, Place(bank, environment, server), mode, says) as found:
            yield found


@pytest.mark.parametrize(("kind", "transport", "mode"), DOORS)
def test_from_a_sentence_to_results(
    kind: str, transport: str, mode: str, bank: Path, data: Path, environment: dict[str, str], inline: Command
) -> None:
    words = f"train the toy detector on {data} for 3 epochs"
    asked: list[str] = []
    progress: list[tuple[float, float | None, str | None]] = []

    async def work() -> None:
        def says(question: str) -> str:
            asked.append(question)
            return "yes"

        async with door(kind, transport, bank, environment, mode=mode, says=says) as client:  # type: ignore[arg-type]
            tools = {tool.name: tool for tool in await client.tools()}
            assert len(tools) == 11
            hints = tools["cancel_job"].annotations
            assert hints is not None and hints.destructive_hint and hints.idempotent_hint
            typed = {name for name, tool in tools.items() if tool.output_schema is not None}
            assert typed == {"launch", "cancel_job"}

            planned, failed = await client.call("plan", {"text": words})
            assert not failed
            plan_id = planned["plans"][0]["plan_id"]
            assert plan_id == inline("plan", words, "--json").document["plan_id"]

            arguments = {"plan_id": plan_id, "wait": True}
            launched, failed = await client.call("launch", arguments, lambda *news: progress.append(news))
            assert not failed and launched["state"] == "COMPLETE", launched
            results, _ = await client.call("job_results", {"job": launched["job"]})
            assert results["metrics"]["val_mAP50"] == 0.7
            logs, _ = await client.call("job_logs", {"job": launched["job"]})
            assert "forty-two" in json.dumps(logs)

            [entry] = [s for s in await client.skills() if s["frontmatter"]["name"] == "toy-detector"]
            for resource in entry["resources"]:
                content = await client.read(resource["uri"])
                assert resource["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
                assert resource["size"] == len(content)

            said = await client.prompt("train_without_hpo", {"model": "toy detector", "data": str(data)})
            assert f"Train toy detector on {data}, no HPO." in said

    asyncio.run(work())
    assert len(asked) == 1 and str(data) in asked[0] and "train of toy-detector" in asked[0]
    numbers = [done for done, _, _ in progress]
    assert numbers == sorted(set(numbers)), "progress only grows"
    assert 3.0 <= numbers[-1] < 3.1 and progress[-1][1] == 3.0
    assert "epoch 3/3" in str(progress[-1][2])
