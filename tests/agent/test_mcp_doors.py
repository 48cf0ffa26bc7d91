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

CLIENTS = ("sdk", "fastmcp")
TRANSPORTS = ("stdio", "http")


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


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", CLIENTS)
def test_from_a_sentence_to_results(
    kind: str, transport: str, bank: Path, data: Path, environment: dict[str, str], inline: Command
) -> None:
    words = f"train the toy detector on {data} for 3 epochs"
    asked: list[str] = []
    progress: list[tuple[float, float | None, str | None]] = []

    async def work() -> None:
        def says(question: str) -> str:
            asked.append(question)
            return "yes"

        async with door(kind, transport, bank, environment, says=says) as client:  # type: ignore[arg-type]
            tools = {tool.name: tool for tool in await client.tools()}
            assert len(tools) == 10
            hints = tools["cancel_job"].annotations
            assert hints is not None and hints.destructive_hint and hints.idempotent_hint
            assert all(tool.output_schema is not None for tool in tools.values())

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


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize(("kind", "transport"), [("sdk", "stdio"), ("fastmcp", "http")])
def test_a_declined_question_starts_nothing(
    kind: str, transport: str, mode: str, bank: Path, data: Path, environment: dict[str, str], inline: Command
) -> None:
    answers = iter(["no", "cancel"])

    async def work() -> None:
        says = lambda _: next(answers)  # noqa: E731
        async with door(kind, transport, bank, environment, mode=mode, says=says) as client:  # type: ignore[arg-type]
            planned, _ = await client.call("plan", {"text": f"train the toy detector on {data}"})
            for _ in range(2):
                refused, failed = await client.call("launch", {"plan_id": planned["plans"][0]["plan_id"]})
                assert failed and refused["error"]["code"] == "declined"
            listed, _ = await client.call("list_jobs", {})
            assert listed.get("jobs", []) == []

    asyncio.run(work())
    assert next(answers, None) is None, "each call asked once"


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_a_client_that_cannot_ask_is_told_how_a_person_approves(
    mode: str, bank: Path, data: Path, environment: dict[str, str], inline: Command
) -> None:
    async def work() -> None:
        async with door("sdk", "stdio", bank, environment, mode=mode) as client:
            planned, _ = await client.call("plan", {"text": f"train the toy detector on {data}"})
            plan_id = planned["plans"][0]["plan_id"]
            refused, failed = await client.call("launch", {"plan_id": plan_id})
            assert failed and refused["error"]["code"] == "needs_approval"
            assert refused["approval"]["subject"] == f"plan:{plan_id}"
            assert f"skillbank approve {plan_id[:12]}" in refused["error"]["hint"]
            assert inline("approve", plan_id[:12]).code == 0
            launched, failed = await client.call("launch", {"plan_id": plan_id, "wait": True})
            assert not failed and launched["state"] == "COMPLETE"
            again, failed = await client.call("launch", {"plan_id": plan_id})
            assert failed and again["error"]["code"] == "needs_approval", "an approval is used once"

    asyncio.run(work())


def test_legacy_elicitation_while_the_call_waits(bank: Path, data: Path, environment: dict[str, str]) -> None:
    async def work() -> None:
        async with door("sdk", "http", bank, environment, mode="legacy", says=lambda _: "yes") as client:
            planned, _ = await client.call("plan", {"text": f"train the toy detector on {data}"})
            arguments = {"plan_id": planned["plans"][0]["plan_id"], "wait": True}
            launched, failed = await client.call("launch", arguments)
            assert not failed and launched["state"] == "COMPLETE"

    asyncio.run(work())
