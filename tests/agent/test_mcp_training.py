"""The whole way through MCP with the real engine, tiny: from a sentence to a trained detector."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.agent.mcp_clients import Place, http_server, opened
from tests.agent.test_training import TINY, shapes
from tests.cli.conftest import Command

__all__ = ["shapes"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("kind", "transport"), [("sdk", "stdio"), ("fastmcp", "http")])
def test_from_a_sentence_to_a_trained_detector(
    kind: str, transport: str, bank: Path, environment: dict[str, str], shapes: Path, inline: Command
) -> None:
    words = f"train Grounding DINO on {shapes}, no HPO, 2 epochs"
    settings = [{"key": key, "value_json": json.dumps(value)} for key, value in TINY.items()]
    said: list[str] = []

    async def work(place: Place) -> str:
        async with opened(kind, place, says=lambda _: "yes") as door:
            planned, failed = await door.call("plan", {"text": words, "settings": settings})
            assert not failed
            plan_id = planned["plans"][0]["plan_id"]
            launched, failed = await door.call(
                "launch", {"plan_id": plan_id, "wait": True}, lambda *news: said.append(str(news[2]))
            )
            assert not failed and launched["state"] == "COMPLETE", launched
            results, _ = await door.call("job_results", {"job": launched["job"]})
            assert "val_mAP50" in results["metrics"] and any(c.get("best") for c in results["checkpoints"])
            assert (Path(results["results"]) / results["checkpoints"][0]["path"]).is_file()
        return str(plan_id)

    if transport == "stdio":
        plan_id = asyncio.run(work(Place(bank, environment)))
    else:
        with http_server(bank, environment) as server:
            plan_id = asyncio.run(work(Place(bank, environment, server)))
    assert any("epoch 2/2" in words for words in said) and any("val_mAP50" in words for words in said)
    on_the_terminal = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    assert inline("plan", words, *on_the_terminal, "--json").document["plan_id"] == plan_id
