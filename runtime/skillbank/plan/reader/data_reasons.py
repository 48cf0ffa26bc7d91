"""When and why something is to be done with a data set, as requests say it: "before we train on it"."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.data_forms import form
from skillbank.plan.reader.data_line import Line
from skillbank.plan.reader.form_words import FORM
from skillbank.plan.reader.telling import Teller

__all__ = ["reasons"]

_WHO = (
    r"(?:we|i|they|it|he|she|you|anyone|anybody|somebody|someone|(?:the|our|my|a|an|his|her|their) "
    r"(?:\w+ )??\w+)"
)
_NEXT = (
    r"(?:train|use|spend|waste|burn|start|begin|go|continue|proceed|move on|ship|buy|pay|order|book|invest|"
    r"commit|run|launch|rely|work|send|hand|give|deliver|share|publish|present|feed|submit)(?:s|es)?"
)
"""What people do with a data set afterwards; it changes nothing of what is made of it now."""
_MAY = r"(?:can |could |will |only |just )*"
_NEEDS = (
    r"(?:needs?|wants?|reads?|expects?|requires?|prefers?|uses?|accepts?|takes?|understands?|works? with|"
    r"asks? for|likes?) (?:only |just )?"
)
_LIMITS = r"(?:and|then|but|only|just|without|except|unless)"
_TO_END = rf" ?(?:(?!{_LIMITS} )[^§@.,;:¶\d])*"
"""The words of a reason, up to where something else begins or where it limits what is to be done."""
_AFTERWARDS = form(
    rf"(?:before (?:{_WHO} (?:can |could |will |want to |have to )?{_NEXT}|"
    r"(?:(?:the|our|any) )?(?:training|run|experiment) (?:starts|begins))"
    r"|(?:as|so that|so) (?:we|i) (?:(?:can|could)|(?:need|want|have) (?:it|them|to))"
    r"|(?:because|since|after|as) (?:we|i|they) (?:will |want to |need to |have to |are going to )+train)"
    rf"(?![^ .,;:!?]){_TO_END}"
)
_WANTED = form(
    rf"(?:because|since) (?:{_WHO}|\w+) {_MAY}{_NEEDS}"
    r"(?:(?:it|them|that|this)(?: (?:so|that way|for training|now|soon|today))?"
    rf"(?= ?[.,;:!?¶]| ?\Z| (?:as|in) (?:{FORM})(?![^ .,;:!?¶]))"
    r"|(?=<FORM>(?: ?[.,;:!?¶]| ?\Z| (?:format|files|data|annotations|labels))))"
)
"""Why a data set is wanted, or in the format that is named."""
_DOUBTED = form(
    r"(?:because|since|as) (?:(?:i|we|they|i'm|we're|am|are|do|does|don't|can|can't|cannot|not|really|so|"
    r"very|quite|just|a|bit|too) )+"
    rf"(?:sure|certain|unsure|trust|know|doubt|suspect|worried|worry|fear){_TO_END}"
    r"|(?:because|since|as) (?:that|this|it) is (?:what|how) (?:we|they|i|all|everyone) "
    r"(?:use|need|want|work)"
)
_CLAUSE = form(
    r"(?:before|because|since|after) (?:(?!(?:that|this|all|it) ?[.,;!?¶])\w[^ ]* ?)"
    rf"(?:(?!(?:{_LIMITS}|¤\w*|"
    r"(?:i|we|you) (?:would|will|want|need|must|should|could|can|have|like|wish|ask)) )[^§@.,;:¶\d])*"
)
"""When and why something is to be done, whatever it is: a condition, a deed that comes first, a wish."""


def reasons(line: Line, action: str, teller: Teller) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the times and reasons of a line: ``context`` where one changes nothing, and else ``unread``.

    "Before we train on it" says what will be done afterwards. "After she approves" is a condition, "since the
    videos belong together" a wish: what is none of the few that change nothing may decide, and is asked
    about. What is over is told, and so is why a data set is checked: a check finds out itself.
    """
    idle = {m.start(): m for each in (_AFTERWARDS, _WANTED, _DOUBTED) for m in each.finditer(line.text)}
    yield from (("context", m.span()) for m in idle.values())
    for match in _CLAUSE.finditer(line.text):
        told = action == "check" and match[0].startswith(("because", "since"))
        if match.start() not in idle and not told and _decides(line, match.span(), teller):
            yield "unread", match.span()


def _decides(line: Line, span: tuple[int, int], teller: Teller) -> bool:
    """Whether a time or a reason has a verb, and not of what is over: "after somebody renamed files"."""
    tokens = line.inside(*span)
    found = (tokens[0], tokens[-1] + 1)
    return teller.has_verb(*found) and not teller.is_history(*found)
