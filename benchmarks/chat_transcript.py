"""How much text a conversation is: "train Grounding DINO, no HPO", from the sentence to the trained model.

Run it as ``python -m benchmarks.chat_transcript``; ``--json`` gives one document. A model played by rules
talks over HTTP with the real tools; they train on a few small pictures with the embedded engine (30 s).
Characters are of compact JSON, as it is sent; four of them are about one token. Every goal is printed beside
its measure, and the exit status is 1 when one is missed.

Measured (paths of the machine make it vary by a few hundred): system prompt 582, list of the ten tools 5,950,
the list over MCP 7,319 (1,793 tokens of o200k; with a schema of every result it was 17,488), the whole
transcript 4,455 in 5 requests, its largest message 1,119. What an agent without tools reads for the same plan
(SKILL.md, skill_info, template and schema of train) is 88,579.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from skillbank import Runtime
from skillbank.agent.approval import ApprovalPolicy
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.chat import SYSTEM, Chat
from skillbank.agent.endpoint import Endpoint
from skillbank.agent.mcp_server.rendering import listed
from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.toolbox import Toolbox
from skillbank.agent.transcript import Transcript
from skillbank.bank.home import bank_root

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.agent.openai_server import KEY, MODEL, OpenAIServer
from tests.agent.sensible_model import sensible

SKILL = "tao-train-grounding-dino"
FILES = ("SKILL.md", "references/skill_info.yaml", "references/spec_template_train.yaml",
         "schemas/train.schema.json")  # fmt: skip
GOALS = {"system": 800, "tools": 8000, "tools over mcp": 8000, "transcript": 6000}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        measures, rows = measure(Path(folder))
    missed = [name for name, goal in GOALS.items() if measures[name] > goal]
    if as_json:
        print(
            json.dumps({"measures": measures, "messages": rows, "goals": GOALS, "missed": missed}, indent=2)
        )
        return 1 if missed else 0
    for what, characters in rows:
        print(f"  {what:40} {characters:>8,}")
    for name, value in measures.items():
        goal = f"   goal <= {GOALS[name]:,}{'  MISSED' if name in missed else ''}" if name in GOALS else ""
        print(f"{name:42} {value:>8,}{goal}")
    return 1 if missed else 0


def measure(folder: Path) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """Have the conversation once; return its measures, and the characters of each message."""
    data = folder / "shapes"
    make = [sys.executable, "-m", "grounding_dino", "shapes", str(data), "--train", "12", "--val", "4"]
    subprocess.run([*make, "--size", "64"], check=True, capture_output=True)
    os.environ["SKILLBANK_HOME"] = str(folder / "home")
    with OpenAIServer(lambda request: sensible(request, wait_seconds=600)) as server:
        os.environ |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
        with Runtime() as runtime, Endpoint(MODEL) as endpoint, Transcript.start(SYSTEM) as transcript:
            chat = Chat(
                Toolbox(runtime, approvals=ApprovalPolicy({"launch": "always"})), endpoint, transcript
            )
            turn = chat.turn(f"train Grounding DINO on {data}, no HPO, 1 epoch")
            assert turn.stopped == "answered" and "COMPLETE" in turn.text, turn
            rows = [(name(m), size(m)) for m in transcript.messages()]
            sent = [size(request.body) for request in server.requests]
    root = bank_root() / "skills" / SKILL
    measures = {
        "system": len(SYSTEM),
        "tools": size(openai_tools()),
        "tools over mcp": size(
            [listed(tool).model_dump(mode="json", by_alias=True, exclude_none=True) for tool in TOOLS]
        ),
        "transcript": sum(characters for _, characters in rows),
        "largest message": max(characters for _, characters in rows),
        "requests": len(sent),
        "sent in all requests": sum(sent),
        "files": sum(len((root / file).read_text()) for file in FILES),
    }
    return measures, rows


def size(document: Any) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def name(message: dict[str, Any]) -> str:
    called = [call["function"]["name"] for call in message.get("tool_calls", ())]
    return f"{message['role']}{': ' + ', '.join(called) if called else ''}"


if __name__ == "__main__":
    sys.exit(main())
