"""``grounding_dino serve``: requests on stdin, answers on stdout, until stdin ends.

Without ``--checkpoint`` the first line on stdin says which model is used, and how: whoever starts this
program may do so before that is known, and torch is imported meanwhile.
"""

import json
import os
import signal
import sys
from argparse import Namespace
from importlib import import_module
from typing import BinaryIO

from skillbank_engine.importing import importing

_OFFLINE = "HF_HUB_OFFLINE"


def serve(arguments: Namespace) -> None:
    """Load a model and answer.

    Parameters
    ----------
    arguments : Namespace
        ``checkpoint`` (a file, a folder or a name on the hub), ``batch_size``, ``max_pixels``, ``window``
        (milliseconds), ``precision`` (empty where none is named).  The first line on stdin holds the same,
        with ``offline`` where the hub is not to be asked, when there is no ``checkpoint``.
    """
    requests, answers = _own_streams()
    # Whoever started this program closes its stdin; Ctrl-C in a terminal reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with importing():
        if not arguments.checkpoint:
            line = requests.readline()
            if not line:
                return
            _take(arguments, json.loads(line))
        # It builds on torch, and on transformers, which shall know whether the hub may be asked.
        from skillbank_engine.families.grounding_dino.commands.answering import answer_requests
    answer_requests(arguments, requests, answers)


def _take(arguments: Namespace, order: dict[str, object]) -> None:
    if order.pop("offline", False):
        os.environ[_OFFLINE] = "1"
        # Its library has read the variable before this was known.
        import_module("huggingface_hub.constants").HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    for name, value in order.items():
        setattr(arguments, name, value)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for requests and answers alone.

    Whatever else is printed goes to stderr, and programs that libraries start get neither of the two.
    """
    sys.stdout.flush()
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers
