"""Talks to a model with everything approved, and kills itself without warning around the launch of a job.

``python -m tests.agent.chat_crash_driver BANK before|after TEXT``: before the launch is made, though it has
been approved; after the job was started and before the conversation knows.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from skillbank import Runtime
from skillbank.agent.approval import Approval
from skillbank.agent.chat import SYSTEM, Audience, Chat, Verdict
from skillbank.agent.toolbox import Answer, Toolbox
from skillbank.agent.transcript import Transcript
from skillbank.language_model.endpoint import Endpoint


class Doomed(Toolbox):
    """Tools whose second call to launch, the approved one, is the end."""

    launches = 0

    def call(self, name: str, arguments: Mapping[str, Any] | str) -> Answer:
        self.launches += name == "launch"
        end = name == "launch" and self.launches == 2
        if end and sys.argv[2] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = super().call(name, arguments)
        if end:
            assert answer.result is not None, answer.error
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


class Agreeable(Audience):
    def decide(self, approval: Approval) -> Verdict:
        return Verdict(True, "test")


def main() -> None:
    with Runtime([sys.argv[1]]) as runtime, Transcript.start(SYSTEM, banks=[sys.argv[1]]) as transcript:
        Chat(Doomed(runtime), Endpoint(), transcript, Agreeable()).turn(sys.argv[3])


if __name__ == "__main__":
    main()
