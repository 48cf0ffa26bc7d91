"""How much text a conversation is: "train Grounding DINO, no HPO", from the sentence to the trained model.

Run it as ``python -m benchmarks.chat_transcript``; ``--json`` gives one document. A model played by rules
talks over HTTP with the real tools; they train on a few small pictures with the embedded engine (30 s).
Characters are of compact JSON, as it is sent. Then the model looks at the job, its log, its results and its
skill again and again, 40 steps, each with two tools: what is sent of that conversation is counted in tokens
of o200k (by bpe-openai where it is installed, else estimated at 3 characters each). Every goal is printed
beside its measure, and the exit status is 1 when one is missed.

Measured (paths make it vary by a few hundred): system prompt 582 (141 tokens), list of the eleven tools 6,299
(1,508 tokens; 1,486 for responses, 1,330 for anthropic, 1,278 for gemini), the list over MCP 7,142 (1,767
tokens; with a schema of every result it was 17,488 characters), the transcript 4,796 (1,469 tokens) in 5
requests, its largest message 1,380. What an agent without tools reads for the same plan (SKILL.md,
skill_info, template, schema of train) is 95,170. After 40 steps a request has 18,346 tokens, all 40 have
453,187; the answers alone are 23,631 before they are shortened.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.chat import SYSTEM, Chat, Limits
from skillbank.agent.mcp_server.rendering import listed
from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.tool_formats import FORMATS, tools_as
from skillbank.agent.toolbox import Toolbox
from skillbank.agent.transcript import Transcript
from skillbank.bank.home import bank_root
from skillbank.language_model.endpoint import Endpoint
from skillbank.language_model.messages import Message

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.agent.openai_server import KEY, MODEL, Call, OpenAIServer, Request, Says, Step
from tests.agent.sensible_model import sensible

SKILL = "tao-train-grounding-dino"
FILES = ("SKILL.md", "references/skill_info.yaml", "references/spec_template_train.yaml",
         "schemas/train.schema.json")  # fmt: skip
GOALS = {
    "system": 800, "tools": 8000, "tools over mcp": 8000, "transcript": 6000,
    "tokens of a request after 40 steps": 30_000,
}  # fmt: skip
if find_spec("bpe_openai"):  # an estimate is no measure of so narrow a goal
    GOALS["tokens of the list for openai"] = 1_500


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
    make = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "shapes",
        str(data),
        "--train",
        "12",
        "--val",
        "4",
    ]
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
            said = tokens(list(transcript.messages()))
            sent = [size(request.body) for request in server.requests]
            long = long_loop(runtime, chat.ids()[1][-1])
    root = bank_root() / "skills" / SKILL
    measures = {
        "system": len(SYSTEM),
        "tools": size(openai_tools()),
        "tools over mcp": size(
            [listed(tool).model_dump(mode="json", by_alias=True, exclude_none=True) for tool in TOOLS]
        ),
        "transcript": sum(characters for _, characters in rows),
        "tokens of the system prompt": tokens(SYSTEM),
        **{f"tokens of the list for {form}": tokens(tools_as(form)) for form in FORMATS},
        "tokens of the transcript": said,
        "largest message": max(characters for _, characters in rows),
        "requests": len(sent),
        "sent in all requests": sum(sent),
        "files": sum(len((root / file).read_text()) for file in FILES),
        **long,
    }
    return measures, rows


def long_loop(runtime: Runtime, job: str) -> dict[str, int]:
    """Have a model look 40 times; return the tokens of the longest request, and without shortening."""
    looks = [
        Call("job_status", {"job": job}), Call("job_logs", {"job": job, "cursor": 0}),
        Call("job_results", {"job": job, "find": "."}), Call("plan", {"text": "train Grounding DINO"}),
        Call("describe_action", {"skill": SKILL, "action": "train", "find": "learning rate"}),
        Call("search_skills", {"query": "detection"}), Call("list_jobs", {}), Call("job_logs", {"job": job}),
    ]  # fmt: skip

    def look(request: Request) -> Step:
        place = 2 * sum(message["role"] == "assistant" for message in request.messages)
        calls = [looks[(place + i) % len(looks)] for i in range(2)]
        return Says("I look again.", calls, thinks="Is it done? " * 20)

    with OpenAIServer(look) as server:
        os.environ |= {"OPENAI_BASE_URL": server.url}
        with Endpoint(MODEL) as endpoint, Transcript.start(SYSTEM) as transcript:
            chat = Chat(Toolbox(runtime), endpoint, transcript, limits=Limits(steps=40, tokens=None))
            assert chat.turn(f"watch {job}").steps == 40
            whole = [json.dumps(answer) for _, answer in transcript.answers()]
            sent = [tokens(request.body) for request in server.requests]
    return {
        "tokens of a request after 40 steps": max(sent),
        "tokens of all 40 requests": sum(sent),
        "tokens of all answers of these steps, whole": tokens(whole),
    }


def tokens(document: Any) -> int:
    """Count the tokens of a document as it is sent."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        from bpe_openai import get_encoding  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return len(text) // 3
    return len(get_encoding("o200k_base").encode(text))


def size(document: Any) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def name(message: Message) -> str:
    calls = message.get("tool_calls", ()) if message["role"] == "assistant" else ()
    called = [call["function"]["name"] for call in calls]
    return f"{message['role']}{': ' + ', '.join(called) if called else ''}"


if __name__ == "__main__":
    sys.exit(main())
