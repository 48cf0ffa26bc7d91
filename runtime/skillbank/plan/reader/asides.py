"""What a text says beside its request: courtesies, what others have said, questions, reports, claims of approval."""

from __future__ import annotations

import re

from skillbank.plan.reader.actions import ACTIONS
from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.slots import SLOTS, Kind

__all__ = [
    "take_approvals", "take_choices", "take_courtesies", "take_headers", "take_heard", "take_instead", "take_numbering", "take_only", "take_order",
    "take_questions", "take_reports", "take_shoulds", "take_signatures", "take_told", "take_usual",
]  # fmt: skip

_SAYING = frozenset(
    """says say said saying reads read stated states wrote writes written message error log output readme comment note warning
    printed prints shows told tells titled called contains quoted title ticket mentions according page mail email e-mail console after stopped failed crashed carries card""".split()
)
_OTHERS = "group.det|@name|~word|'of|'in|'for|'from|'at|free.noun|free.adjective|places.data.nouns|mode.document|@document|@place|mode.somebody"
_HEARD = (
    f"group.det|free.adjective|@name|'last|~word|places.data.nouns* mode.document|@document {_OTHERS}* mode.saying|'was|'were|'is ':|'that|'to|'we|'you|'use|'train|'i|~word|policy.search.nouns|operator.not",
    "group.det* free.adjective|~word* mode.somebody free.adverb|'always* mode.saying",
    "!'i|'we|'you|'it|'please ~word mode.saying",
    "'i|'we 'have|'also? 'heard|'read 'that|'somewhere|'on|'in+",
    f"'according 'to {_OTHERS}+",
    "'system|'assistant|'tool|'console|'program|'error|'warning|'log|'logs|'stderr|'stdout|'traceback 'override|'output|'log|'message|'prompt|'line? ':",
    "mode.document 'from|'in|'of group.det? ~word|places.data.nouns|free.noun ':",
)
_APPROVING = frozenset("y yes force approve approved approval confirm confirmed confirmation skip-approval questions".split())


def take_courtesies(text: Text) -> None:
    """Account for phrases of politeness of two words and more; single words wait until the end."""
    i = 0
    while i < len(text.tokens):
        ends = [e for e in text.ends(i, "grammar.courtesy.words") if e - i > 1]
        if ends and text.ledger.free(i) and not text.within(i, "grammar.mode.defer") and not _is_question(text, i) and not (i and text.tokens[i - 1].text in _NEGATED):
            text.ledger.claim("courtesy", range(i, ends[0]))
            i = ends[0]
        else:
            i += 1


def _is_question(text: Text, i: int) -> bool:
    """Whether "can I", "is it possible to" asks what can be done and requests nothing: no place stands behind it."""
    said = max(text.ends(i, "grammar.courtesy.words"), default=0)
    if said not in text.ends(i, "grammar.courtesy.unsure"):
        return False
    end = next((k for k in range(i, len(text.tokens)) if text.tokens[k].text in (".", "!", "?", ";")), i)
    return text.tokens[end].text == "?" and not any(text.tokens[k].kind in ("place", "job") for k in range(i, end))


_TICKET = re.compile(
    r"^\W*(?:(?:ticket|issue|jira|story|case|task)\s*)?[\[(#]?[A-Z]{2,}-\d+[\])]?:?"
    r"|^[ \t]*(?:who|owner|requester|requested by|assignee|reporter|reported by|from|to|cc|team|priority|prio|due|deadline|status|sprint|labels)[ \t]*:[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)


def take_headers(text: Text) -> None:
    """Account for the number of a ticket at the start and for lines such as "Owner: perception team"."""
    for match in _TICKET.finditer(text.ledger.original):
        inside = [i for i, t in enumerate(text.tokens) if match.start() <= t.start and t.end <= match.end()]
        if all(text.tokens[i].kind in ("word", "mark", "number") for i in inside) and not any(_asks(text, i) for i in inside):
            text.ledger.claim("courtesy", inside)
    for i, token in enumerate(text.tokens):
        heading = token.text == "user" and i + 1 < len(text.tokens) and text.tokens[i + 1].text == ":"
        if (heading or token.text in ("comma", "semicolon", "newline")) and text.ledger.free(i):
            text.ledger.claim("courtesy", [i])
    for match in text.find("'you 'will|'can? 'find group.det* places.roles.train_datasets.before|places.roles.eval_dataset.before|places.data.nouns|places.weights.before"):
        text.ledger.claim("courtesy", [i for i in match.tokens() if text.tokens[i].text in ("you", "will", "can", "find")])
    for match in text.find("'sorry|'apologies 'for|'about group.det|~word|free.adjective|free.noun|free.glue+"):
        text.ledger.claim("courtesy", match.tokens())
    for match in re.finditer(r"<!--|-->|^\s*>+", text.ledger.original, re.MULTILINE):
        text.ledger.claim("courtesy", [i for i, t in enumerate(text.tokens) if match.start() <= t.start < match.end()])


def take_numbering(text: Text) -> None:
    """Account for numbers that only count what is to be done: "step 2:", "1. ... 2. ...", "two things:"."""
    for source in ("'step|'phase|'part|'stage|'point @number|'one @mark*", "@number 'things|'steps|'actions|'tasks|'datasets|'places|'jobs @mark?"):
        for match in text.find(source):
            few = all(text.tokens[i].value < 10 for i in match.tokens() if text.tokens[i].kind == "number")
            if few and text.tokens[match.first - 1].text not in ("every", "for", "after", "at"):
                text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "mark"])
    marks = [i for i, t in enumerate(text.tokens[:-2]) if t.kind == "number" and text.tokens[i + 1].text in (".", ")") and text.tokens[i + 2].kind == "word"]
    marks = [i for i in marks if not _is_value(text, i)]
    values = [text.tokens[i].value for i in marks]
    start = values[0] if values else 0
    if start in (1, 2) and (len(values) > 1 or start == 2) and values == list(range(start, start + len(values))):
        text.ledger.claim("order", marks)


_COUNTED = frozenset(
    f"slots.{s.name}.{part}" for s in SLOTS if s.kind in (Kind.COUNT, Kind.NUMBER, Kind.DURATION) for part in ("nouns", "before")
)


def _is_value(text: Text, i: int) -> bool:
    """Whether a number before a full stop is that of a noun: "batch size: 2. Epochs: 3."."""
    k = i - 1 if i and text.tokens[i - 1].text in (":", "=", "of", "is", "to") else i
    return any(
        span.end == k and not span.classes.isdisjoint(_COUNTED)
        for first in range(max(0, k - 4), k)
        for span in text.spans[first]
    )


_NEGATED = frozenset("no not never don't without".split())


def take_signatures(text: Text) -> None:
    """Account for whom a message greets and who signs it: "Hi Ana,", "Best regards, Tom"."""
    last = len(text.tokens)
    for match in text.find("courtesy.farewell @mark*"):
        end = match.end
        while end < last and end - match.end < 3 and _is_somebody(text, end):
            end += 1
        rest = range(match.end, last)
        lines = any(text.tokens[k].text == "\n" for k in rest)
        plain = all(text.tokens[k].kind in ("word", "mark") and text.ledger.free(k) and not _asks(text, k) for k in rest)
        if match.end < last and len(rest) <= 14 and (lines or len(rest) < 5) and plain and _is_name(text, match.end):
            text.ledger.claim("courtesy", range(match.first, last))  # a name, what the person does, where
        elif match.end < end and (end == last or (text.tokens[end].kind == "mark" and _is_name(text, match.end))):
            text.ledger.claim("courtesy", range(match.first, end))
    for match in text.find("courtesy.greeting"):
        end = match.end
        while end < last and end - match.end < 2 and _is_somebody(text, end):
            end += 1
        if match.end < end < last and text.tokens[end].text in (",", "!", "-", ":", "\n", ";", "."):
            text.ledger.claim("courtesy", range(match.first, end))


def _is_somebody(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return token.kind == "word" and token.text.isalpha() and text.ledger.free(i) and (not text.spans[i] or _is_name(text, i))


def _is_name(text: Text, i: int) -> bool:
    return text.ledger.original[text.tokens[i].start : text.tokens[i].end].istitle()


def take_reports(text: Text) -> list[str]:
    """Account for logs, blocks and quotes of what somebody else has said: they change nothing."""
    notes: list[str] = []
    for i, token in enumerate(text.tokens):
        if token.kind == "report":
            text.ledger.claim("report", [i])
            notes.append(_nothing_of(str(token.value)))
        elif token.kind == "quote" and text.ledger.free(i) and (said := _around_quote(text, i)):
            text.ledger.claim("report", said)
            notes.append(_nothing_of(str(token.value)))
    return notes


def _nothing_of(said: str) -> str:
    return f"what is quoted changes nothing: '{' '.join(said.split())[:60]}'"


def _around_quote(text: Text, i: int) -> list[int]:
    """Return a quote and the words that say whose it is; nothing where nobody is said to have said it."""
    first = i
    while first > 0 and i - first < 14 and not _ends_saying(text, first - 1, i):
        first -= 1
    before = [text.tokens[k].text if text.tokens[k].kind != "quote" else "" for k in range(first, i)]
    if not _SAYING & set(before) and not text.match("mode.document", max(first, i - 3)):
        return []
    if before[-1:] and before[-1] in ("as", "caption", "captions", "prompt", "prompts", "for"):
        return []
    own = any(_asks(text, k) for k in range(first, i))
    last = i + 1
    while last < len(text.tokens) and text.tokens[last].kind == "word" and text.tokens[last].text not in ("but", "so", "and", "then"):
        last += 1
    if any(_asks(text, k) for k in range(i + 1, last)) or last - i > 6:
        last = i + 1
    kept = [k for k in range(i - 3 if own else first, last) if k >= first and text.tokens[k].kind in ("word", "mark", "quote", "number", *(() if own else ("place",)))]
    return [k for k in kept if not own or k == i or text.tokens[k].text in _SAYING]


def _ends_saying(text: Text, k: int, i: int) -> bool:
    token = text.tokens[k]
    if token.kind == "mark":
        return token.text in ".!?;(" or (token.text in ",:" and k < i - 1)
    return token.text in ("but", "so")


def _asks(text: Text, i: int) -> bool:
    """Whether a word asks for something to be run, found or used."""
    if text.tokens[i].text == "run" and i and text.within(i - 1, "grammar.group.det", "grammar.free.adjective"):
        return False  # "the old run"
    return any(c.endswith(".base") or c in ("actions.words.find", "actions.words.apply") for s in text.spans[i] for c in s.classes if c.startswith("actions."))


def take_heard(text: Text) -> list[str]:
    """Account for what others, documents and programs say without quotes: "the README says to use 500 epochs"."""
    notes = []
    for source in _HEARD:
        for match in text.find(source):
            end = _end_of_hearsay(text, match.end)
            tokens = [i for i in range(match.first, end) if text.ledger.free(i)]
            held = [i for i in tokens if text.tokens[i].kind in ("place", "job")]
            if held and not any(text.tokens[i].kind == "word" for i in range(match.end, end)):
                continue  # "the output: s3://b/out"
            text.ledger.claim("report", tokens)
            notes.append(f"what others say changes nothing: '{' '.join(text.ledger.said(tokens).split())[:80]}'")
    return notes


def _end_of_hearsay(text: Text, at: int) -> int:
    """Return where what is said by others ends: with the sentence, or where something is asked for again."""
    for k in range(at, len(text.tokens)):
        token = text.tokens[k]
        if token.kind == "mark" and token.text in ".!?;":
            return k + 1
        if token.text in ("but", "anyway", "nevertheless", "still") or (token.text in (",", ")", "so", "\n") and _requests(text, k + 1)):
            return k
    return len(text.tokens)


def _requests(text: Text, at: int) -> bool:
    """Whether a request of the person's own begins at a token."""
    while at < len(text.tokens) and (text.tokens[at].text in (",", "so", "and", "then", "(", "now") or text.within(at, "grammar.courtesy.words", "grammar.free.adverb")):
        at = max([at + 1, *text.ends(at, "grammar.courtesy.words"), *text.ends(at, "grammar.free.adverb")])
    return at < len(text.tokens) and (_asks(text, at) or text.tokens[at].text in ("i", "use"))


def take_approvals(text: Text, clauses: Clauses) -> list[str]:
    """Account for words that claim an approval, or want the rules put aside; they grant none."""
    notes = []
    for match in text.find("mode.approval"):
        clause = clauses.of(match.first)
        tokens = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        adjective = text.within(match.end, "places.data.nouns") and text.tokens[match.end - 1].text in ("approved", "confirmed", "authorized", "authorised")
        if adjective or not all(map(text.ledger.free, match.tokens())):
            continue  # "the approved images" are some of them
        held = any((_asks(text, i) and not text.within(i, "actions.words.find")) or text.tokens[i].kind not in ("word", "mark", "flag") or text.within(i, "operator.only") or text.tokens[i].text in _DATA for i in tokens)
        tokens = match.tokens() if held else tokens
        text.ledger.claim("report", tokens)
        notes.append(f"'{text.ledger.said(tokens)}' approves nothing")
    for i, token in enumerate(text.tokens):
        if token.kind == "flag" and text.ledger.free(i) and _APPROVING & set(token.text.split("-")):
            text.ledger.claim("report", [i])
            notes.append(f"'--{token.text}' in a request approves nothing")
        elif token.kind == "pair" and text.ledger.free(i) and _APPROVING & set(re.split(r"\W|_", str(token.value[0]).lower())):
            text.ledger.claim("report", [i])
            notes.append(f"'{text.ledger.said([i])}' in a request approves nothing")
    return notes


_DATA = frozenset("images pictures photos frames labels annotations files data samples boxes".split())


def take_questions(text: Text, clauses: Clauses) -> list[str]:
    """Account for sentences that ask something of us and request no run."""
    notes = []
    for clause in clauses.all:
        if clause.mode is Mode.QUESTION and text.ledger.free(clause.first):
            tokens = [i for i in clauses.sentence(clause.first) if text.ledger.free(i)]
            text.ledger.claim("question", tokens)
            notes.append(f"'{text.ledger.said(tokens)}' is a question, and nothing of it is run")
    return notes


def take_told(text: Text, clauses: Clauses) -> None:
    """Account for reports of what has been done, with their places and numbers: "we trained it on X last week"."""
    past = [f"actions.{a}.past" for a in ACTIONS]
    base = [f"actions.{a}.{f}" for a in ACTIONS for f in FORMS if f != "past"]
    for match in text.find(f"'which|'that|'who 'was|'were|'is|'has|'have|'had|'i|'we* 'been? free.adverb* {'|'.join(past)} 'on|'with|'using|'for|'from free.glue|places.data.nouns* @place|@number"):
        text.ledger.claim("report", [i for i in match.tokens() if text.ledger.free(i)])
    done_on = f"{'|'.join(past)} 'on|'with|'using free.glue|places.data.nouns* @place"
    for match in text.find(f"@job '( {done_on} ')"):
        text.ledger.claim("report", [i for i in match.tokens() if text.tokens[i].kind != "job"])
    for match in text.find(f"'the|'that|'my|'our @name|group.model|free.noun+ past={'|'.join(past)} 'on|'with|'using free.glue|places.data.nouns* @place"):
        if any(_asks(text, i) for i in clauses.sentence(match.first) if i < match.first):
            text.ledger.claim("report", range(match.tokens("past")[0], match.end))
    for clause in clauses.all:
        if clause.mode is not Mode.REPORT:
            continue
        inside = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        done = [i for i in inside if text.within(i, *past) and not text.within(i, *base)]
        subject = any(text.tokens[i].text in ("i", "we", "he", "she", "they", "colleague", "was", "were") for i in inside[:6])
        when = any(text.within(i, "grammar.mode.past") for i in inside)
        if done and (subject or when) and not any(text.tokens[i].text in _WISHED for i in inside):
            text.ledger.claim("report", [i for i in inside if text.tokens[i].kind not in ("job", "name")])


_WISHED = frozenset("want wanted need needs like should must be shall".split())
def take_shoulds(text: Text) -> None:
    """Account for "should" and "must" where what should be has been understood: "it should use batch size 2"."""
    for match in text.find("w=mode.should free.light|free.glue|'be|'start|'run* &^value|^platform|^job|^place|^policy"):
        text.ledger.claim("order", match.tokens("w"))


_CHOICE = frozenset("newest latest best good certain clean nicest sharpest brightest oldest biggest smallest largest".split())


def take_choices(text: Text) -> None:
    """Mark words that choose some of the pictures ("the newest images"): no run reads a part of its data."""
    for i, token in enumerate(text.tokens[:-1]):
        if token.text in _CHOICE and text.tokens[i + 1].text in _DATA and text.ledger.free(i):
            text.ledger.claim("unread", [i])


def take_instead(text: Text) -> None:
    """Account for "instead" and "but not today" where something has been taken back, and for "continue with" what is done."""
    back = text.ledger.of("refused", "excluded", "talk", "report")
    for source in ("'instead !'of", "'but? operator.not operator.trailing"):
        for match in text.find(source):
            if any(c.first < match.first for c in back):
                text.ledger.claim("order", match.tokens())
    for match in text.find("^report @mark* w='ignore|'disregard|'forget|'never 'mind? 'it|'that|'this|'them"):
        text.ledger.claim("order", [i for i in match.tokens() if text.ledger.free(i) and text.tokens[i].kind == "word"])
    for match in text.find("^report @mark* 'not 'for 'me|'us|'this"):
        text.ledger.claim("order", [i for i in match.tokens() if text.ledger.free(i) and text.tokens[i].kind == "word"])
    for match in text.find("'nothing 'yet|'so"):
        text.ledger.claim("order", match.tokens())
    for match in text.find("^action|^name group.det|free.adjective* w='checkpoint|'weights|'model !'in|'at|'from|'@place"):
        text.ledger.claim("order", match.tokens("w"))
    said = [c.value.value for c in text.ledger.of("policy")]
    for match in text.find("w='plain|'tune|'optimize|'optimise group.det* ^name"):
        if said:
            text.ledger.claim("order", match.tokens("w"))
    for match in text.find("'continue|'proceed|'go|'carry 'on? 'with &^job|^action|group.det"):
        text.ledger.claim("order", match.tokens())


def take_order(text: Text, clauses: Clauses) -> None:
    """Account for what only says in which order things are done: "when it is trained", "before you export it"."""
    for clause in clauses.all:
        if clause.mode is not Mode.ORDER:
            continue
        free = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        held = {text.ledger.owner[i].kind for i in range(clause.first, clause.end) if i in text.ledger.owner}
        opener = next((i for i in free if text.within(i, "grammar.mode.order")), None)
        done = [i for i in free if text.within(i, "grammar.order.done")]
        strange = [i for i in free if i != opener and i not in done and not text.within(i, "grammar.order.referring", "grammar.order") and text.tokens[i].kind == "word" and i >= (max(text.ends(opener, "grammar.mode.order")) if opener is not None else 0)]
        if done and strange and not held & {"action", "talk", "find"}:
            text.ledger.claim("unread", [i for i in free if text.tokens[i].kind == "word"])
            continue  # "once the upload has finished" waits for something else
        if opener is not None and (done or held & {"action", "talk", "find"}):
            ends = text.ends(opener, "grammar.mode.order")
            text.ledger.claim("order", [i for i in [*range(opener, ends[0]), *done] if text.ledger.free(i)])


def take_only(text: Text) -> None:
    """Account for "only" and "just" where what is limited has been understood."""
    for match in text.find("'i|'we w='only|'just ^courtesy+ 'try|'test|'see|'check|'have"):
        text.ledger.claim("order", match.tokens("w"))
    for match in text.find("w='only|'just ^courtesy|^talk|^refused|^context"):
        text.ledger.claim("order", match.tokens("w"))
    for match in text.find("operator.only"):
        k = match.end
        while k < len(text.tokens) and text.ledger.free(k) and text.within(k, "grammar.group.det", "grammar.free.glue", "grammar.free.light", "grammar.free.adverb"):
            k += 1
        owner = text.ledger.owner.get(k) if k < len(text.tokens) else None
        before = text.ledger.owner.get(match.first - 1)
        ends = k >= len(text.tokens) or text.tokens[k].kind == "mark"
        if (owner is not None and owner.kind in ("action", "value", "policy", "platform", "job", "name", "find", "captions")) or (ends and before is not None and before.kind in ("action", "value", "policy", "platform", "talk")):
            text.ledger.claim("order", match.tokens())


def take_usual(text: Text) -> None:
    """Mark settings that only the person knows ("with my usual settings"): they have to be said."""
    source = "'with|'using|'use|'on? 'the|'my|'our|'his|'her|'their|'your+ free.adjective|'usual|'same|'old|'previous|'last|'default|'recommended* 'settings|'values|'defaults|'parameters|'hyperparameters|'config|'configuration|'setup|'recipe"
    for match in text.find("'like|'same|'exactly free.noun|'way|'settings|'parameters|'config|'setup* 'as|'like|'in|'of|'from|'with* group.det* @job"):
        text.ledger.claim("unread", match.tokens())
    for match in text.find(source):
        words = {text.tokens[i].text for i in match.tokens()}
        after = text.tokens[match.end] if match.end < len(text.tokens) else None
        shown = after is not None and (after.kind in ("pair", "key") or after.text in (":", "below"))
        if words & {"default", "standard", "recommended"}:
            text.ledger.claim("order", match.tokens())
        elif not shown and not words & {"following", "below", "given", "above"}:
            text.ledger.claim("unread", match.tokens())
