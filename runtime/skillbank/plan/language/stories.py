"""What a text tells about the past: its numbers and labels set nothing and ask for nothing."""

from __future__ import annotations

from skillbank.plan.language.tokens import Text
from skillbank.plan.language.words import any_form, rx

_ENDED = any_form(
    "crash", "stop", "die", "fail", "interrupt", "end", "hang", "abort", "kill", "break", "quit", "diverge",
    "plateau", "overfit", "stall", "freeze", "reboot", "restart", "cancel", "finish", "reach", "pause",
)  # fmt: skip
_COUNT = r"(?:epochs?|iterations?|steps?|hours?|minutes?|days?|batches|percent|nodes?|gpus?|runs?|times)"
_AMOUNT = rf"(?:(?:{_COUNT} (?:number )?D)|(?:(?:about|around|only|just|some|the) )*D (?:\w+ )?{_COUNT})"
_PAST = "was|were|had|used|ran|took|needed|got|gave|reached|did|went|lasted|failed|crashed|stopped"
_MARKED = any_form("label", "annotate", "mark", "tag", "locate", "identify", "highlight", "detect", "find")
_DONE = "|".join(w for w in _MARKED.split("|") if w.endswith("ed")) + "|found"
_STORIES = tuple(
    rx(pattern)
    for pattern in (
        # "it crashed at epoch 6", "stopped after 12 of 40 epochs"
        rf"(?:{_ENDED}|died|hung|broke|froze|broken|frozen|went down|gave up|ran out of memory|got stuck"
        r"|got killed|lost power|power cut|outage)"
        r"(?: (?:it|at|in|after|during|around|before|near|by|within|on|the|only|about|just|somewhere|already"
        rf"|again|suddenly|my|our|us))* {_AMOUNT}(?: (?:of|out of) D(?: {_COUNT})?)?",
        # "the previous run used a batch size of 8"
        r"(?:previous|last|earlier|former|old|other|first) (?:run|training|time|attempt|experiment|try|one"
        rf"|model)(?: (?:i|we|it|they))? (?:{_PAST})(?: (?:[a-z]\S*|D)){{1,10}}?(?= [.,;!?)])",
        # "the pictures are labelled", "they were annotated by hand"
        rf"(?<!to )(?:is|are|was|were|been|being)(?: (?:already|all|now|not|well|manually|carefully|fully"
        rf"|properly|partly|yet|also))* (?:{_DONE})(?: by (?:hand|us|me|them|our team|experts))?"
        r"(?= (?:,|\.|;|!|\)|and|but|already|now)|$| $)",
        # "the labelled pictures are in X"
        rf"(?:well |hand |manually |newly |freshly |fully |carefully )*(?:{_DONE})"
        r"(?= (?:(?:<adj>|<role>|and) )*(?:<data>|examples) )",
        # "our cameras found a lot of stains"
        r"(?:(?<=\A )|(?<=[.!?;] ))(?:(?!(?:need|want|get|have|like|should|be|to|please|must|can|could|let)"
        rf" )[a-z]\S* ){{1,6}}?(?:{_DONE})(?= [a-z])",
        # "we are looking for a better detector"
        r"(?:look|looking|looked|search|searching|searched) for <det*><adj*>(?:better |different |working )?"
        r"(?:<model>|solution|tool|way|help)(?= [.,;!?]|$| $| for| that| which| to| and)",
    )
)


def take(text: Text) -> None:
    """Take out what is told, but for places, jobs and names in it."""
    for pattern in _STORIES:
        text.take(pattern, "PJN")
