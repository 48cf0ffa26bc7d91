"""What a text says beside its request: courtesies, what others have said, questions, reports, claims of approval."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Ledger

__all__ = [
    "take_approvals", "take_corrections", "take_courtesies", "take_only", "take_order", "take_questions", "take_reports", "take_told",
]  # fmt: skip

_SAYING = frozenset(
    """says say said saying reads read stated states wrote writes message error log output readme comment note warning
    printed prints shows told tells titled called contains quote quoted title ticket mentions""".split()
)
_APPROVAL = (
    "'already|'pre|'been|'is|'was|'are|'have|'has|free.glue* 'approved|'confirmed|'authorized|'authorised|'signed 'off|'by|free.glue* 'boss|'manager|'lead|'management|'legal|'security?",
    "'do|'without|'no operator.not? 'need|'to|'any* 'ask|'asking|'confirm|'confirmation|'approval|'prompting|'prompt 'me|'for|'first|'again|'anything|'approval|'confirmation|'needed|'required|'necessary|'questions*",
    "'skip|'bypass group.det? 'approval|'confirmation|'approvals|'prompt|'questions",
    "'you|'i|'we free.glue* 'have|'my|'our|'full|'permission|'approval|'consent|'approve|'permit|'consent+",
    "'auto|'auto-approve 'approve|'approved|'it|'this*",
)


def take_courtesies(text: Text) -> None:
    """Account for phrases of politeness of two words and more; single words wait until the end."""
    i = 0
    while i < len(text.tokens):
        ends = [e for e in text.ends(i, "grammar.courtesy.words") if e - i > 1]
        denied = i > 0 and text.tokens[i - 1].text in ("no", "not", "without") and text.tokens[i].text in ("need", "want", "have", "time")
        if ends and text.ledger.free(i) and not denied:
            text.ledger.claim("courtesy", range(i, ends[0]))
            i = ends[0]
        else:
            i += 1


def take_reports(text: Text) -> list[str]:
    """Account for logs, blocks and quotes of what somebody else has said: they change nothing."""
    notes: list[str] = []
    ledger: Ledger = text.ledger
    for i, token in enumerate(text.tokens):
        if token.kind == "report":
            ledger.claim("report", [i])
            notes.append(f"what is quoted changes nothing: '{' '.join(str(token.value).split())[:60]}'")
        elif token.kind == "quote" and ledger.free(i):
            before = [t for t in text.tokens[max(0, i - 3) : i]]
            words = [t.text for t in before]
            if words and words[-1] in ("as", "caption", "prompt", "captions", "prompts"):
                continue
            if _SAYING & set(words[-2:] if words[-1:] != [":"] else words) and not any(t.kind in ("place",) for t in before[-1:]):
                ledger.claim("report", [k for k in range(max(0, i - 3), i + 1) if k == i or text.tokens[k].text in _SAYING | {":", "that"}])
                notes.append(f"what is quoted changes nothing: '{token.value[:60]}'")
    return notes


def take_approvals(text: Text) -> list[str]:
    """Account for words that claim an approval; they grant none."""
    notes = []
    for source in _APPROVAL:
        for match in text.find(source):
            words = {text.tokens[i].text for i in match.tokens()}
            if words & set("approved approval approve confirmed confirm confirmation ask asking prompt prompting authorized permission consent approvals questions".split()):
                text.ledger.claim("report", match.tokens())
                notes.append(f"'{text.ledger.said(match.tokens())}' approves nothing")
    for i, token in enumerate(text.tokens):
        if token.kind == "flag" and token.text in ("y", "yes", "force", "no-confirm", "auto-approve") and text.ledger.free(i):
            text.ledger.claim("report", [i])
            notes.append(f"'--{token.text}' in a request approves nothing")
    return notes


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
    past = [f"actions.{a}.past" for a in ("train", "evaluate", "export", "quantize")]
    base = [f"actions.{a}.{f}" for a in ("train", "evaluate", "export") for f in FORMS if f != "past"]
    for clause in clauses.all:
        if clause.mode is not Mode.REPORT:
            continue
        inside = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        done = [i for i in inside if text.within(i, *past) and not text.within(i, *base)]
        subject = any(text.tokens[i].text in ("i", "we", "he", "she", "they", "colleague") for i in inside[:4])
        when = any(text.within(i, "grammar.mode.past") for i in inside)
        if done and (subject or when) and not any(text.tokens[i].text in ("want", "need", "like", "should", "be") for i in inside):
            text.ledger.claim("report", [i for i in inside if text.tokens[i].kind not in ("job", "name")])


def take_corrections(text: Text) -> list[int]:
    """Return where a person corrects what was said before; the words are accounted for when something is."""
    return sorted(m.first for m in text.find("grammar.mode.fix"))


_DONE = "'done|'finished|'complete|'completed|'over|'ready|'through|'trained|'ended|'ends|'finishes|'there|'up|'fine|'happy|'successful|'succeeded|'converged|'exported|'evaluated|'built|'quantized"


def take_order(text: Text, clauses: Clauses) -> None:
    """Account for what only says in which order things are done: "when it is trained", "before you export it"."""
    for clause in clauses.all:
        if clause.mode is not Mode.ORDER:
            continue
        free = [i for i in range(clause.first, clause.end) if text.ledger.free(i)]
        held = {text.ledger.owner[i].kind for i in range(clause.first, clause.end) if i in text.ledger.owner}
        opener = next((i for i in free if text.within(i, "grammar.mode.order")), None)
        done = [i for i in free if any(text.tokens[i].text == d[1:] for d in _DONE.split("|"))]
        if opener is not None and (done or held & {"action", "talk", "find"}):
            ends = text.ends(opener, "grammar.mode.order")
            text.ledger.claim("order", [i for i in [*range(opener, ends[0]), *done] if text.ledger.free(i)])


def take_only(text: Text) -> None:
    """Account for "only" and "just" where what is limited has been understood."""
    for match in text.find("operator.only"):
        k = match.end
        while k < len(text.tokens) and text.ledger.free(k) and text.within(k, "grammar.group.det", "grammar.free.glue", "grammar.free.light", "grammar.free.adverb"):
            k += 1
        owner = text.ledger.owner.get(k) if k < len(text.tokens) else None
        before = text.ledger.owner.get(match.first - 1)
        ends = k >= len(text.tokens) or text.tokens[k].kind == "mark"
        if (owner is not None and owner.kind in ("action", "value", "policy", "platform", "job", "name", "find", "captions")) or (ends and before is not None and before.kind in ("action", "value", "policy", "platform", "talk")):
            text.ledger.claim("order", match.tokens())
