"""Tool calls at the same time, and an end of the conversation that waits for none that only waits itself."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from skillbank.agent.catalogue import TOOLS
from skillbank.agent.toolbox import Answer
from skillbank.language_model.reply import ToolCall

__all__ = ["run_calls"]

_AT_ONCE = 8
_PATIENCE = 10.0
_READ_ONLY = frozenset(tool.name for tool in TOOLS if tool.read_only)


def run_calls(
    calls: Sequence[ToolCall], call: Callable[[ToolCall], Answer]
) -> Iterator[tuple[ToolCall, Answer]]:
    """Make calls in threads, `_AT_ONCE` of them at a time, and yield each with its answer as it comes.

    After Ctrl-C what is being started gets `_PATIENCE` seconds, so that it is not left half done and its
    answer is still yielded; then the interrupt goes on. What only looks is left alone, in daemon threads.

    Parameters
    ----------
    call
        Makes one call; must not raise.
    """
    todo: queue.SimpleQueue[ToolCall] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[ToolCall, Answer]] = queue.SimpleQueue()
    for each in calls:
        todo.put(each)

    def work() -> None:
        while True:
            try:
                each = todo.get_nowait()
            except queue.Empty:
                return
            done.put((each, call(each)))

    for _ in range(min(len(calls), _AT_ONCE)):
        threading.Thread(target=work, daemon=True).start()
    left = {each.id for each in calls if each.name not in _READ_ONLY}
    try:
        for _ in calls:
            answered = done.get()
            left.discard(answered[0].id)
            yield answered
    except KeyboardInterrupt:
        while not todo.empty():  # nothing new is begun
            left.discard(todo.get_nowait().id)
        end = time.monotonic() + _PATIENCE
        while left and (rest := end - time.monotonic()) > 0:
            try:
                answered = done.get(timeout=rest)
            except queue.Empty:
                break
            left.discard(answered[0].id)
            yield answered
        raise
