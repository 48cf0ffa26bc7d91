"""Small words about what has been understood: "only", "instead", "should", "when it is trained"."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slots import SLOTS

__all__ = ["take_announcements", "take_instead", "take_only", "take_order", "take_usual"]

_SLOTS = "|".join(f"slots.{s.name}.{part}" for s in SLOTS for part in ("nouns", "before"))
_DOING = tuple(f"actions.{action}.ing" for action in ACTIONS)


_TAKEN_BACK = ("'instead !'of", "'but? operator.not operator.trailing")
_IGNORED = "'ignore|'disregard|'forget|'never 'mind? 'it|'that|'this|'them"
_ORDERS = (
    "w='instead w='of group.det* &^refused|^talk|^excluded",
    f"^report @mark* w={_IGNORED.replace(' ', ' w=')}",
    "^report @mark* w='not w='for w='me|'us|'this",
    "w='nothing w='yet|'so",
    "^action|^name group.det|free.adjective* w='checkpoint|'weights|'model !'in|'at|'from|'@place",
    "'we 'are w=@number w=~word",
    "'it|'this|'that|'we|'which|'who w='should|'must|'shall|'can|'could|'will &^place|^value|^platform",
    "^place w='while|'during &^talk|^action",
    "w='further &^action",
    "w='continue|'proceed|'go|'carry w='on? w='with &^job|^action|group.det",
    "w=actions.words.make w='it|'that|'one !@word|@place|@number|@name|@job|@quote",  # "... X? Build it."
    "w=actions.words.make w='it|'that|'one &^courtesy|^platform",
)
"""Small words (``w``) that only join what has been understood."""


def take_instead(text: Text) -> None:
    """Account for "instead" and "but not today" where something is taken back, for "continue with"."""
    back = text.ledger.of("refused", "excluded", "talk", "report")
    for match in (m for source in _TAKEN_BACK for m in text.find(source)):
        if any(_is_near(text, c, match.first) for c in back):
            text.ledger.claim("order", match.tokens())
    searched = ("w='plain|'tune|'optimize|'optimise group.det* ^name",) if text.ledger.of("policy") else ()
    for match in (m for source in (*_ORDERS, *searched) for m in text.find(source)):
        text.ledger.claim("order", match.tokens("w"))
    for match in text.find("operator.instead group.det* &^job"):
        if text.within(match.end, *_DOING):  # "instead of exporting job X, evaluate it"
            text.ledger.claim("order", match.tokens())


def _is_near(text: Text, back: Claim, at: int) -> bool:
    """Whether something is taken back before a token: in its sentence, or as such."""
    marks = {text.tokens[k].text for k in range(back.last, at)}
    return back.first < at and (back.kind in ("refused", "excluded") or marks.isdisjoint(".!?"))


def take_order(text: Text, clauses: Clauses) -> None:
    """Account for what only says in which order things are done: "when it is trained"."""
    for clause in clauses.all:
        if clause.mode is Mode.ORDER:
            _take_opener(text, range(clause.first, clause.end))


def _take_opener(text: Text, tokens: range) -> None:
    free = text.unclaimed(tokens)
    opener = next((i for i in free if text.within(i, "grammar.mode.order")), None)
    said = range(opener, text.ends(opener, "grammar.mode.order")[0]) if opener is not None else range(0)
    done = [i for i in free if text.within(i, "grammar.order.done")]
    spoken = any(text.owner(i) in _SPOKEN for i in tokens)
    if done and not spoken and not _is_of_steps(text, free, said.stop):
        words = [i for i in free if text.tokens[i].kind == "word"]
        text.ledger.claim("unread", words)  # "once the upload has finished" waits for something else
    elif said and (done or spoken):
        text.ledger.claim("order", text.unclaimed([*said, *done]))


def _is_of_steps(text: Text, free: list[int], opened: int) -> bool:
    """Whether words behind an opener only say that another step is done: "once it has been trained"."""
    words = (i for i in free if i >= opened and text.tokens[i].kind == "word")
    return all(text.within(i, "grammar.order.done", "grammar.order.referring") for i in words)


_SPOKEN = frozenset({"action", "talk", "find"})
_LIMITED = ("action", "value", "policy", "platform", "job", "name", "find", "captions")


def take_only(text: Text) -> None:
    """Account for "only" and "just" where what is limited has been understood: "only train", "train only"."""
    for match in text.find("w='only|'just ^courtesy|^talk|^refused|^context"):
        text.ledger.claim("order", match.tokens("w"))
    for match in text.find(
        "operator.only group.det|free.glue|free.light|free.adverb|':* &^" + "|^".join(_LIMITED)
    ):
        text.ledger.claim("order", [i for i in match.tokens() if text.within(i, "grammar.operator.only")])
    if len(text.ledger.of("action", "find")) == 1:
        for match in text.find("^action w=operator.only"):
            if text.kind(match.end) in ("", "mark"):
                text.ledger.claim("order", match.tokens("w"))


_UNCHANGED = (
    f"'leave|'keep|'keeping|'leaving group.det* {_SLOTS} 'as|'at 'it|'they|'is|'are|'was|'were+",
    f"operator.not 'touch|'change|'alter|'modify group.det* {_SLOTS}",
)


def take_usual(text: Text) -> None:
    """Account for what stays as it is; mark settings that only the person knows ("my usual settings")."""
    for match in [m for source in _UNCHANGED for m in text.find(source)]:
        text.ledger.claim("order", match.tokens())
    for match in text.find("group.prep? 'the|'my|'our 'usual|'normal|'regular places.data.nouns !@place"):
        text.ledger.claim("unread", match.tokens())
    for match in text.find(
        "'keep|'leave|'with|'use|'and* 'everything|'all|'anything|'the+ 'else|'rest|'other 'settings? "
        "'at|'as|'on|'to|'with group.det|'their|'its* slots.around.defaults|'default|'it 'is|'settings?"
    ):
        text.ledger.claim("order", text.unclaimed(match.tokens()))
    source = (
        "'with|'using|'use|'on? 'the|'my|'our|'his|'her|'their|'your+ free.adjective|'usual|'same|"
        "'old|'previous|'last|'default|'recommended* 'settings|'values|'defaults|'parameters|"
        "'hyperparameters|'config|'configuration|'setup|'recipe"
    )
    for match in text.find(source):
        words = {text.tokens[i].text for i in match.tokens()}
        shown = text.kind(match.end) in ("pair", "key") or text.word(match.end) in (":", "below")
        if words & {"default", "standard", "recommended"}:
            text.ledger.claim("order", match.tokens())
        elif not shown and not words & {"following", "below", "given", "above"}:
            text.ledger.claim("unread", match.tokens())


_LEADING = frozenset([":", "\n", "are", "is", "=", "as", "follows", "below", "like"])
"""What stands between "these settings" and the settings."""


_ENOUGH = frozenset({"action", "policy", "talk", "value", "find", "job", "name"})
"""What may be said to be enough: "20 epochs will do", "job X should do"."""


def take_announcements(text: Text) -> None:
    """Account for "with these settings:" before values, and for the defaults, which hold anyway."""
    for match in text.find("group.det|'following|'own|'some* slots.around.announce"):
        at = match.end
        while text.word(at) in _LEADING:
            at += 1
        owner = text.ledger.owner.get(at)
        if owner is not None and owner.kind in ("value", "policy", "place", "words", "field"):
            text.ledger.claim("context", match.tokens())
    for match in text.find("slots.around.enough"):
        owner = text.ledger.owner.get(match.first - 1)
        if owner is not None and owner.kind in _ENOUGH:
            text.ledger.claim("context", match.tokens())
    nouns = "|".join(f"slots.{s.name}.nouns" for s in SLOTS)
    for match in text.find(f"'at|'with|'use|'using|'keep|group.det* 'default {nouns}"):
        text.ledger.claim("context", match.tokens())
    lead = "slots.around.set|'use|'with|'keep|'keeping|'leave|'at|'on|'all|group.det*"
    for match in text.find(f"{lead} slots.around.defaults"):
        text.ledger.claim("context", match.tokens())
