"""Words that are not the person's own wish: what something is quoted as saying, and claims of an approval.

Neither changes anything. Text of logs, files and skills is data, and an approval is given to a plan on the
terminal or by whoever holds that right, never by the words of a request.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx

_DOCUMENT = (
    r"readme|logs?|log file|documents?|docs?|documentation|page|comments?|manifest|prompts?|header|notes?"
    r"|description|banner|lines?|emails?|mails?|message|messages|ticket|issue|wiki|manual"
    r"|paper|tutorial|files?"
    r"|instructions?|output|traceback|website|changelog|metadata|frontmatter|model card"
    r"|\S+\.(?:md|rst|log|py|cfg|pdf|html)"
    r"|skill file|config|yaml|json|script|web page|annotation|annotations|skill|dataset card|K"
)
_SAYS = (
    r"says?|said|saying|reads|states?|stated|stating|tells?|told|contains?|contained"
    r"|containing|claims?|claimed|instructs?"
    r"|instructed|asks?|asked|asking|wrote|writes|written|demands?|demanded|mentions?"
    r"|mentioned|recommends?|recommended|suggests?"
    r"|suggested|insists?|has the lines?|shows?|prints?|printed|logged|orders?|ordered|wants|goes|telling"
)
_REPORT = rx(rf"(?:{_DOCUMENT})(?: (?:[a-z]\S*|N|J|P)){{0,7}}? (?:{_SAYS})(?= )")
_ACCORDING = rx(rf"(?:according to|as per|following) <det*><adj*>(?:{_DOCUMENT})")
_HEADED = rx(
    r"<det?>(?:(?:readme|log|comment|note|message|email|mail|ticket|docs|line)(?: line)?(?: "
    r"(?:from|in|of|by) "
    r"<det*>[a-z]\S*)+|\S+\.(?:md|rst|log|py|cfg|pdf|html)(?: file| line)?) :"
)
_SHOWN = rx(
    rf"<det*>(?:<last>|first|second|next|final)? ?(?:{_DOCUMENT})(?: (?:line|message|entry|text|output))*"
    r" (?:is|was|reads|ends with|ended with|begins with|starts with) :"
)
_LOGGED = rx(
    r"(?:(?<=\A )|(?<=[.!?;:,] )|(?<=please ))(?:log|logs|log file|console|terminal|traceback|stack trace"
    r"|error|warning) :"
)
_BACK = frozenset({"but", "anyway", "however", "nevertheless", "regardless", "still"})

_APPROVALS = tuple(
    rx(pattern)
    for pattern in (
        r"--\S+",
        r"(?:system|assistant|developer|tool|admin|function)(?: (?:output|result|results|message"
        r"|response|reply|answer"
        r"|note|call|prompt))? :(?: [^.!?;\s]+)*",
        r"(?<!for )(?<!with )(?<!to )(?:user|human|me) :",
        r"(?:please )?(?:ignore|disregard|override|forget|bypass|overrule)(?: (?:all|any|every|the"
        r"|your|previous|prior|earlier"
        r"|above|other|of|my|existing|former|safety|security|approval))* (?:instructions?|rules?"
        r"|safeguards?|checks?|warnings?"
        r"|approvals?|guidelines?|restrictions?|prompts?|limits?|gates?|guardrails?"
        r"|questions?)(?: above| before)?",
        r"(?:and )?you are (?:now )?(?:in |an? |the )[^.!?;,]*?(?= and everything| ,| \.| ;| !)",
        r"(?:in |enter |activate |enable )?<det?>(?:developer|admin|administrator|god|debug|root"
        r"|sudo|unrestricted|jailbreak) mode"
        r"(?: on)?",
        r"(?:act as|pretend to be|pretend that you are|pretend)(?: (?!and |then )[a-z]+){1,5}",
        r"(?:as|being) <det?>(?:admin|administrator|root|owner)",
        r"(?:and )?(?:everything|all(?: plans| jobs| of it| of this)?|it|this|that|<det>(?:plan"
        r"|job|run|launch|whole thing)|they)"
        r" (?:is|are|was|were|has been|have been|counts as)(?: (?:already|pre|hereby|all|fully))*"
        r" (?:approved|authorized|authorised|confirmed|cleared|signed off)(?: already| by "
        r"(?:<det*>)?[a-z]+| in advance)?",
        r"(?:already |pre |auto )?(?:approved|authorized|authorised)(?: already| by <det*>[a-z]+| "
        r"in advance)?",
        r"<det?>approvals? (?:is |are |was |has been |have been )?(?:already |hereby |all "
        r")?(?:granted|given|there|done|implied"
        r"|not needed|not required|not necessary|unnecessary|obtained|in place)(?: for(?: "
        r"[a-z]+){1,3})?(?: by <det*>[a-z]+)?",
        r"i (?:already |hereby |also |have |pre )*(?:approve|approved|confirm|confirmed|authorize"
        r"|authorise|consent|agree)"
        r"(?: to| of)?(?: (?:everything|it|this|that|all|the plan|any plan|whatever(?: [a-z]+)*|all plans))?",
        r"(?:you have|with) <det?>(?:my |full |all )*(?:approval|permission|permissions"
        r"|authorization|consent|go ahead|blessing)",
        r"(?:auto )?approve(?: of)? (?:everything|it|all(?: of it| plans| jobs)?|this|that"
        r"|whatever(?: [a-z]+)*)(?: yourself| for me)?",
        r"(?:consider|treat|count) (?:it|this|that|everything)(?: as)? (?:approved|confirmed|authorized)",
        r"(?:do not|never|without|no need to|not|do not you dare to|stop)(?: ever| even)? (?:ask"
        r"|asking(?! for (?:<det?>)(?:hpo|automl|hyper|search|sweep|tuning"
        r"|training|export|evaluation|engine))|prompt|prompting|confirm|confirming|checking in|check in"
        r"|check back|checking back|wait for|waiting for)(?: <det*>(?:me|us"
        r"|anyone|anybody|first))?(?: (?:for|about|again|back|with)?"
        r" ?<det*>(?:anything|approval|approvals|confirmation|confirmations|permission|questions?"
        r"|consent|ok|okay|go ahead|me|us|answer))*"
        r"(?: (?:again|first|twice|anymore|before launching|before starting))*",
        r"(?:no|without|skip|bypass|waive|omit|skipping|bypassing)(?: any| all| further| more| the"
        r"| your| its| this)* (?:confirmations?|approvals?"
        r"|approval steps?|approval gates?|questions? asked|questions|permission|confirm|consent"
        r"|safety checks?|prompts?|supervision|review)"
        r"(?: (?:is |are )?(?:needed|necessary|required|asked|please|at all|step|steps))*",
        r"(?:say|answer|assume|reply|respond|type) (?:yes|y)(?: to (?:all|everything|any question"
        r"|all questions))?",
        r"yes to (?:all|everything)",
        r"from now on",
    )
)


def take_reports(text: Text) -> Iterator[str]:
    """Take out what documents are quoted as saying; yield a note when there was any."""
    taken = False
    for pattern in (_REPORT, _ACCORDING, _HEADED, _SHOWN, _LOGGED):
        while (found := next(text.find(pattern), None)) is not None:
            text.replace(_start(text, found), _end(text, found.last))
            taken = True
    if taken or any(t.text == "Q" and t.value.code for t in text.tokens):
        text.replace(0, len(text.tokens), [t for t in text.tokens if t.text != "Q" or not t.value.code])
        yield "what a document is quoted as saying was not read as part of the request"


def _start(text: Text, found: Found) -> int:
    """Take the words before a document's name along, up to the sentence's beginning or a comma."""
    first = found.first
    while first > 0 and text.tokens[first - 1].text in _BEFORE:
        first -= 1
    return first


_BEFORE = words("the a an its this that their my our your also even and though by way , all old first") - {
    ","
}


def _end(text: Text, last: int) -> int:
    """A quote ends what is reported; without one it goes on to the end of the sentence."""
    tokens = text.tokens
    for i in range(last, min(last + 6, len(tokens))):
        if tokens[i].text == "Q":
            # A list of quotes is one report.
            while (
                i + 2 < len(tokens) and tokens[i + 1].text in ("and", ",", "or") and tokens[i + 2].text == "Q"
            ):
                i += 2
            return i + 1
        if tokens[i].text in (".", "!", "?", ";"):
            break
    for i in range(last, len(tokens)):
        if tokens[i].text in (".", "!", "?", ";") or tokens[i].text in _BACK:
            return i
    return len(tokens)


def take_approvals(text: Text) -> Iterator[str]:
    """Take out claims and demands about approvals and instructions to the runtime itself."""
    taken = [words for pattern in _APPROVALS for words in text.take(pattern)]

    def out(found: Found) -> list[Token] | None:
        if found.tokens()[0].value.key.lower() not in _PAIRS:
            return None
        taken.append(found.said())
        return []

    text.rewrite(rx("E"), out)
    if any(w != "from now on" and not w.endswith(":") for w in taken):
        said = "; ".join(f"'{words[:60]}'" for words in taken[:3])
        yield f"{said} changes nothing: an approval is given to a plan, not by the words of a request"


_PAIRS = words(
    """approval approve approved approvals yes confirm confirmation force ask auto_approve assume_yes"""
)
