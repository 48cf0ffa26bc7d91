"""Measure what working through the tools costs a model in context: the tool list, and a whole conversation.

python benchmarks/agent_context.py [--transcript]

The person says "train Grounding DINO, no HPO", is asked for the data, and gets a trained detector: the real
tools, the real local platform, the embedded engine on a few pictures. Everything that an OpenAI-compatible
endpoint is sent is counted in characters; tokens are characters / 4, or counted when tiktoken has its
vocabulary here. Measured (paths and ids change the last digits):

                                              characters   tokens, about
    tool list (10 tools, strict)                   5,950           1,488
    conversation (15 messages)                     5,614           1,404
    longest answer of a tool                         963             241
    instead of them: schema of train              38,267           9,567
    instead of them: plan as it is stored          6,441           1,610
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from skillbank import Runtime
from skillbank.agent.chat import SYSTEM
from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.toolbox import Toolbox
from skillbank.platforms.local import find_program

REQUEST = "train Grounding DINO, no HPO"


class Conversation:
    """Messages in the form in which an endpoint gets them."""

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}]

    def say(self, role: str, content: str) -> None:
        """Add what the person or the model says."""
        self.messages.append({"role": role, "content": content})

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Add a model's call of a tool, and the tool's answer; a person approves whatever is asked."""
        call_id = f"call_{len(self.messages)}"
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"id": call_id, "type": "function", "function": function}
        self.messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        answer = self.toolbox.call(name, arguments)
        if answer.approval is not None:
            self.toolbox.approve(answer.approval, by="benchmark")
            answer = self.toolbox.call(name, arguments)
        document = answer.document()
        content = json.dumps(document, ensure_ascii=False)
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})
        return document


def converse(toolbox: Toolbox, data: Path) -> Conversation:
    """Hold the conversation to its end."""
    talk = Conversation(toolbox)
    talk.say("user", REQUEST)
    [asked] = talk.call("plan", text=REQUEST)["plans"]
    talk.say("assistant", f"Where is the training data? {asked['questions'][0]['why']}")
    talk.say("user", str(data))
    [plan] = talk.call("plan", text=f"{REQUEST}, on {data}")["plans"]
    job = talk.call("launch", plan_id=plan["plan_id"])["job"]
    status = talk.call("job_status", job=job, wait_seconds=600)
    assert status["state"] == "COMPLETE", status
    results = talk.call("job_results", job=job)
    talk.say("assistant", f"{job} is complete: {results['metrics']}.")
    return talk


def counter() -> Any:
    """Return what counts a text's tokens."""
    try:
        import tiktoken  # type: ignore[import-not-found,unused-ignore]

        return lambda text: len(tiktoken.get_encoding("o200k_base").encode(text))
    except Exception:  # not installed, or its vocabulary is out of reach
        return lambda text: round(len(text) / 4)


def main() -> None:
    """Print one table, and the conversation if it is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--transcript", action="store_true", help="print the messages too")
    arguments = parser.parse_args()
    program = find_program("grounding_dino")
    if program is None:
        raise SystemExit("the embedded engine is not installed: pip install 'skillbank[engine]'")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBANK_HOME"] = f"{folder}/home"
        data = Path(folder) / "shapes"
        subprocess.run([program, "shapes", str(data), "--train=12", "--val=4", "--size=64"], check=True)
        with Runtime() as runtime:
            talk = converse(Toolbox(runtime), data)
            skill = runtime.library.get("grounding dino")
            schema = skill.schema(skill.action("train")).document
            stored = runtime.jobs.store.get("last").plan
    answers = [m["content"] for m in talk.messages if m["role"] == "tool"]
    rows = {
        f"tool list ({len(openai_tools())} tools, strict)": compact(openai_tools()),
        f"conversation ({len(talk.messages)} messages)": compact(talk.messages),
        "longest answer of a tool": max(answers, key=len),
        "instead of them: schema of train": compact(schema),
        "instead of them: plan as it is stored": compact(stored),
    }
    if arguments.transcript:
        for message in talk.messages:
            print(json.dumps(message, ensure_ascii=False))
    tokens = counter()
    print(f"\n{'':<40}{'characters':>12}{'tokens, about':>16}")
    for name, text in rows.items():
        print(f"{name:<40}{len(text):>12,}{tokens(text):>16,}")


def compact(document: Any) -> str:
    """Return JSON without blanks."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    main()
