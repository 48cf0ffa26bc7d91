"""Which actions a text asks for: not those that it negates, asks about or only talks about."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from skillbank.errors import ConflictError, UsageError
from skillbank.plan.language import corrections, deferring, order, wondering
from skillbank.plan.language.actions import Mention
from skillbank.plan.language.talk import REPORTED, TALK, UNCERTAIN
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx

_LIGHT = rx(
    r"(?:(?:and |then |now |please |to |me )*<light> )+(?:(?:<det>|<adj>|some|out|up|with|off"
    r"|of|S|for|me|us|N) )*(?P<g>G)(?: (?:<run>|pipeline|process))*(?: (?:of|for|with) (?=N"
    r"|J))?"
)
_CAUSED = rx(
    r"(?:get|getting|have|want|need|needs|wants|like|see|require|would like|wish|love|needing"
    r"|wanting|expect)(?: to (?:have|get|see|be))? <det*>(?P<what>(?:(?:N|it|them|model|this"
    r"|that|job|J|trained|and|both|,|of|from|in|the|checkpoint|result) )+)(?:to be |being |be )?(?P<t>T)"
)
_TO_BE = rx(
    r"(?:should|must|needs to|need to|has to|have to|is to|are to|shall|ought to|can|could|to"
    r"|wants to|please|let it|let) (?:now |also |then |please |it |N )?be (?:now "
    r"|also |then |first )?(?P<t>T)"
)
_GETS = rx(
    r"(?P<what>(?:N|J)(?: (?:and|,|N|J))*) (?:now |then |just )*(?:gets|get) (?:now |only |just )*(?P<t>T)"
    r"(?! (?:[^.!?; ]+ )*?(?:every|each|usually|always|often|regularly|nightly|daily|weekly|before|never"
    r"|by) )"
)
_IF_YOU = rx(
    r"(?:love|great|nice|appreciate|grateful|happy|good|glad|wonderful|like|kind|lovely) "
    r"(?:it )?if (?:you|we|somebody|someone) (?P<t>T)"
)
_TO_BE_MORE = rx(r"(?P<v>V) ,? ?(?:and|then|and then) (?P<t>T)")
_LISTED = rx(
    r"(?P<rest>(?:G|V)(?: (?:on|P|J|N|of|it|for|S|in|with|to|<data>))* (?:(?:,|then|/|plus) )+(?:and"
    r" )?)(?P<engine>engine)"
    r"(?= (?:[,.;!)]|and|then|S|in S)|$| $)"
)
"""An engine as one of several things to do: "evaluation on X, export, engine"."""
_ADJECTIVE = rx(
    r"(?P<t>T) (?=N|model|models|checkpoint|checkpoints|weights|detector|network|version|one"
    r"|engine|file|onnx|result|graph|variant|J)"
)
_MODEL_OF = rx(
    r"(?:model|models|checkpoint|N|weights|network|engine|file|one|detector|J)(?: that| "
    r"which)?(?: was| is| were| has been| got)? T(?= (?:in|by|from|on|with|during|J|last"
    r"|yesterday|earlier|before|under|at))"
)

_EITHER = rx(
    r"(?P<a>[VG])(?: (?:<det>|N|J|it|P|on|from|of|in))* or (?:(?:to|else|rather|maybe|<det>) )*(?P<b>[VG])"
)
_UNLESS = rx(
    r"unless(?! (?:stated|noted|you|otherwise))|(?:only if|only when|as long as|provided(?: that)?)(?="
    r" (?:it|N|model|job"
    r"|J|<det>|nobody|no one|nothing) )"
)
_FINISHED = rx(
    r"(?:once|when|after|as soon as|whenever|if|until|upon|following) (?:(?:the|that|this|it"
    r"|all|our|my|its|everything|which|N) )*(?:[GTV] )?(?:(?:run|job|step|part) )?(?:(?:is|has"
    r"|are|was|have|been|being|that|it|all) )*(?:done|finished|complete|completed|over|through"
    r"|ready|finishes|completes|ends|ended|succeeded|succeeds|successful|works|worked|T|goes "
    r"well|went well|ran|runs through|there|good)(?: (?:successfully|fine|well|through))?"
)
_TIME = rx(
    r"(?P<lead>after|since|before|until|during|while|prior to|upon|following|once|when|from) "
    r"(?:(?:the|a|our|my|this|that|first|having|every|each|its|you|have|N) )*(?P<g>G|(?<=have "
    r")T|(?<=has )T|(?<=you )V|(?<=we )V|(?<=i )V)(?P<own>(?: (?:of|on|it|N|them|model|the "
    r"model|J|that|P|the N|with))*)"
)
_NEGATED = rx(
    r"(?:<not> )+(?:(?:<adj>|to|any|the|a|an|do|ever|try|attempt|run|doing|running|it|need|needed"
    r"|please|you|yet|even|bother|also|further|separate|extra|N|start|starting|perform|want|us"
    r"|me|with|through|for|of|have|is|are|be|another|additional|more|go|into|off|launch"
    r"|launching|J|S|your|its|that|having|on|actually|just|then|immediately|then) )*"
    r"(?P<v>[VGTC]|engine)(?: <det?>(?:it|them|that|this|N|anything|something|model|one|J|yet"
    r"|result|step|run|part|just))*(?:(?:(?: , [VG])* ,? ?(?:or|nor|or even)| and| and also) "
    r"(?:(?:to|any|the|a|an|do|run|not|N|even|an|build|also|no) )*(?:[VG]|engine)(?: "
    r"<det?>(?:it|them|N|anything|model|J|either))*)*(?: (?:either|please|at all|yet|for now"
    r"|this time|needed|necessary|required|though|anymore))*"
)
_NOTHING = rx(r"(?P<v>[VG]) (?:nothing|no one|none)")
_NOT_NEEDED = rx(
    r"(?P<v>[VG])(?: (?:step|run|part|it|is|are|be|that|would|will))* (?:(?:is|are|be|that) "
    r")*(?:not (?:needed|necessary|required|wanted|desired|asked for|to be done)|unnecessary"
    r"|superfluous|off the table|not be (?:needed|run|done)|can wait|can be (?:skipped|omitted"
    r"|left out)|skipped)"
)
_MANAGED = rx(
    r"(?:cancel|cancelling|canceling|abort|kill|stop|pause|delete|remove|status|progress|log"
    r"|logs|output|watch|monitor|show|list|describe|explain|explanation|documentation|cost"
    r"|costs|price|details|history|state|end|halt|interrupt|terminate|check on|results?(?= (?:of|for|from"
    r"|in|on|about))|info"
    r"|information|wait for|waiting for|follow|inspect|rename|share|archive|undo|approve|track"
    r"|summary|summarise|summarize|estimate|schedule|plot|graph|curve|compare|open)"
    r" (?:(?:of|for|from|on|about|the|a|all|my|our|its|this|that|running|current|last|latest"
    r"|old|every|any|N|J|started|queued|pending|failed|to|me|status|log|logs|in) "
    r")*(?P<t>[GTV])"
)
_CONDITION = rx(
    r"(?:if|unless|only when|provided|in case|as long as|assuming)(?: [^.!?;,V ]+)*? (?:below"
    r"|above|under|over|less|lower|higher|greater|better|worse|exceeds?|drops?|reaches|falls"
    r"|rises|than|least|beats|fails?|improves)"
    r"|(?:if|when|once|only if|provided|as soon as) (?:the |its |val |validation |overall )*(?:map|map50|ap"
    r"|ap50|accuracy|score|metric|loss|precision|recall|f1|quality)(?: (?:is|of|hits|at|gets|to|=))* D"
)
_BARE_ENGINE, _BARE_ONNX, _VERB = rx("engine"), rx(r"<det?>onnx(?: (?:file|model))?"), rx("V")


@dataclass(slots=True)
class Asked:
    """What a text asks for and what it only mentions."""

    refused: bool = False
    """Whether an action was taken back."""
    talked: bool = False
    """Whether an action was spoken of without being asked for."""


def judge(text: Text) -> Asked:
    """Keep the actions that are asked for as ``V``, take out the others, and say what there was."""
    asked = Asked()
    order.take_conditions(text)
    for pattern in deferring.DEFERRED:
        asked.refused |= _drop(text, pattern)
    text.take(_FINISHED, "N")
    asked.talked |= _drop_questions(text)
    asked.talked |= _drop(text, REPORTED)
    for pattern in (_TO_BE, _GETS, _CAUSED, _IF_YOU):
        begun: list[int] = []

        def ordered(found: Found, begun: list[int] = begun) -> list[Token]:
            begun.append(found.tokens("t")[0].start)
            return [*(t for t in found.tokens() if t.text in ("N", "J", "and", ",")), *_order(found, "t")]

        text.rewrite(pattern, ordered)
        if begun:
            _order_the_rest(text, begun)
    text.rewrite(_LISTED, lambda found: [*found.tokens("rest"), *_made(found)])
    text.rewrite(_TO_BE_MORE, lambda found: [*found.tokens("v"), *_order(found, "t")])
    asked.refused |= _drop(text, _NOT_NEEDED) | _drop(text, _NOTHING)
    asked.refused |= _drop(text, _NEGATED)
    for pattern in UNCERTAIN:
        asked.talked |= _drop(text, pattern)
    _refuse_choices(text)
    text.rewrite(_TIME, _in_time)
    for pattern in (_MODEL_OF, _ADJECTIVE):
        text.rewrite(pattern, lambda found: found.kept("NJ"))
    for pattern in TALK:
        asked.talked |= _drop(text, pattern)
    text.rewrite(_LIGHT, lambda found: [*_order(found, "g"), *found.kept("NSJ")])
    asked.talked |= _drop(text, _MANAGED)
    text.rewrite(rx("T"), lambda found: _past(asked))
    asked.refused |= corrections.settle_actions(text)
    text.rewrite(rx("G"), lambda found: _order(found, 0))
    for found in [*text.find(_CONDITION), *text.find(_UNLESS)]:
        if any(t.text == "V" for t in text.tokens):
            raise UsageError(
                f"'{found.said()}' is a condition, and a plan has none; say what to run when you know how "
                "it came out."
            )
    text.rewrite(rx("C"), lambda found: [found.one("V", Mention("inference"))])
    for first, last in text.sentences():
        part = text.tokens[first:last]
        if any(t.text == "engine" for t in part) and all(t.text in _ALONE for t in part):
            next(t for t in part if t.text == "engine").text = "V"
            part[[t.text for t in part].index("V")].value = Mention("gen_trt_engine")
    text.replace(0, 0)
    if not (asked.refused or asked.talked or any(t.text == "V" for t in text.tokens)):
        _read_bare(text)
    return asked


def _read_bare(text: Text) -> None:
    """Without any verb a product asks for itself, and a place after an action's noun for the action."""
    text.rewrite(_BARE_ENGINE, lambda found: [found.one("V", Mention("gen_trt_engine"))])
    if text.has(_VERB):
        return
    text.rewrite(_BARE_ONNX, lambda found: [found.one("V", Mention("export"))])
    doing = [t for t in text.tokens if t.text == "P" and t.value.action]
    if doing and not text.has(_VERB):
        first = next((t for t in doing if t.value.action == "train"), doing[0])
        at = text.tokens.index(first)
        text.replace(at, at, [Token("V", first.start, first.start, Mention(first.value.action))])


def _refuse_choices(text: Text) -> None:
    """Refuse "evaluate or export it": one of two is to be chosen first.

    Raises
    ------
    ConflictError
        Naming the choice.
    """
    for found in text.find(_EITHER):
        [one], [other] = found.tokens("a"), found.tokens("b")
        if one.value.action != other.value.action:
            raise ConflictError(f"'{found.said()}' leaves a choice; say which of them is to be run.")


def _made(found: Found) -> list[Token]:
    [engine] = found.tokens("engine")
    return [Token("V", engine.start, engine.end, Mention("gen_trt_engine"))]


def _order_the_rest(text: Text, begun: list[int]) -> None:
    """What is to be trained "and evaluated" is to be evaluated, too."""
    for first, last in text.sentences():
        at = bisect_left(begun, text.tokens[first].start)
        if at == len(begun):
            break
        for i in range(max(first, 1), last):
            token = text.tokens[i]
            if token.text == "T" and token.start > begun[at] and text.tokens[i - 1].text in _JOINS:
                token.text = "V"
    text.replace(0, 0)


_ALONE = words("engine step task D S in , : - then and finally also last next first the a an ) ( with please")
"""What a step that is only a product may hold: "Step 2: engine in FP16"."""
_COLONS = 5
"""How many colons of a sentence may have a question behind them; nobody writes more."""
_JOINS = words("and , then finally afterwards also later")


def _past(asked: Asked) -> list[Token]:
    asked.talked = True
    return []


def _order(found: Found, group: str | int) -> list[Token]:
    return [Token("V", t.start, t.end, t.value) for t in found.tokens(group) if t.text in "VGT"]


def _drop(text: Text, pattern: re.Pattern[str]) -> bool:
    dropped = False

    def out(found: Found) -> list[Token]:
        nonlocal dropped
        dropped = True
        return found.kept("NJPS")

    text.rewrite(pattern, out)
    return dropped


def _in_time(found: Found) -> list[Token] | None:
    """Read "after training it on X" asks for the training first; a bare "after training" asks for nothing."""
    own = {t.text for t in found.tokens("own")}
    kept = found.kept("NJPS")
    if not own & {"it", "N", "P", "J", "model"}:
        return kept
    lead = found.match["lead"]
    [verb] = _order(found, "g")
    if lead in ("after", "following", "since", "once", "when", "upon"):
        return [Token("first", verb.start, verb.start), verb, *kept]
    if lead in ("before", "prior to"):
        return [Token("next", verb.start, verb.start), verb, *kept]
    return None


def _drop_questions(text: Text) -> bool:
    """Take the actions out of sentences that ask about something instead of for it."""
    dropped = False
    for first, last in reversed(list(text.sentences())):
        ends = text.tokens[last].text == "?" if last < len(text.tokens) else False
        marks = (":", ",") if ends else (":",)
        colons = [
            i + 1
            for i in range(first, last)
            if text.tokens[i].text in marks
            and (text.tokens[i].text == ":" or wondering.opens_question(text.tokens[i + 1 : i + 3]))
        ]
        # "Please answer this: how do I train it?" asks after its colon.
        for start in [first, *colons[:_COLONS]]:
            if wondering.asks(text, start, last, ends):
                # What a sentence speaks of before it asks is its subject: "the training: which batch size?"
                begin = first if ends else start
                kept = [t for t in text.tokens[begin:last] if t.text not in "VGTC"]
                dropped |= len(kept) < last - begin
                text.replace(begin, last, kept)
                break
    return dropped
