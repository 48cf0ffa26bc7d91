"""Turns of phrase whose words mean something else elsewhere: "to find the time" seeks no clocks."""

from __future__ import annotations

from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import rx

_END = (
    r"(?= (?:to|and|,|\.|;|!|\?|:|\)|please|could|would|can|today|tomorrow|tonight|this|for|in"
    r" between|then|so)|$| $)"
)
_IDIOMS = tuple(
    rx(pattern)
    for pattern in (
        r"(?:find|finds|found|finding) (?:(?:the|some|a|an|any|enough|few|little|bit|of|spare|free"
        r"|quick|your|our|one"
        r"|suitable|good|right|short|small|half|hour|two|D) )*(?:time|times|moment|moments|minute"
        r"|minutes|opportunity"
        r"|chance|occasion|way|ways|slot|capacity|leisure|possibility|somebody|someone|person)(?: to(?= ))?"
        + _END,
        r"(?:find|finds|found|finding) (?:it|this|that|these|them|myself|ourselves|yourself|yourselves)"
        r"(?: (?:very|really|quite|most|rather|extremely|too|so|all|more|in))* (?:useful|helpful"
        r"|convenient|possible"
        r"|necessary|interesting|good|great|important|hard|difficult|easy|appropriate|nice|acceptable"
        r"|best|okay|ok|fine"
        r"|kind|wonderful|valuable|reasonable|fit|position|able|easier|better|practical|sensible"
        r"|feasible)(?: to(?= )|"
        r" if| that| when)?",
        r"(?:(?:i|we) )?(?:hope|hoping|trust)(?: (?:that|this|the|my|mail|email|message|note|letter))*"
        r" (?:find|finds) "
        r"(?:you|everyone|everybody|all|the team)(?: (?:all|both|well|in|good|best|of|health|spirits"
        r"|great|and))*",
        r"(?:find|finds|found|finding) (?:out )?(?:that|out|out how|out why|out what)(?= [a-z])",
        r"(?:(?:as|where|which|that|there) )?(?<!can )(?<!could )(?<!would )(?<!will )(?:you'll|(?:you"
        r"|one|we) (?:will|can|may|might"
        r"|could|shall)) (?:also )?(?:find|see|locate)(?= (?:(?:<det>|<adj>|<role>) )*(?:<data>|<model>"
        r"|job|it|them|J|in|at"
        r"|under) )",
        r"(?:(?:i|we|they|he|she|you|colleague|team|people|somebody|someone|nobody) )(?:(?:have|has|had"
        r"|already|just|also"
        r"|recently|never|always|only|then|once|not|yet) )*(?:found|detected|noticed|spotted|identified"
        r"|located"
        r"|discovered|marked|tagged)(?= )",
        r"(?:you|one|we) (?:also )?find(?= <det*><adj*>(?:<role> )?<data> )",
        r"(?:looking|look|looks) (?:very |much |so )*forward(?: to)?(?: (?:hearing|the|your|its|this"
        r"|that|it|from|you"
        r"|result|results|answer|reply|outcome|numbers|seeing|them|news))*",
        r"(?:for )?(?:looking|look) (?:into|after) (?:it|this|that|my|our|the|matter|request|issue)",
        r"(?:mark|tag|label|box|scan)(?= (?:asked|asks|wants|wanted|said|says|told|needs|thinks"
        r"|suggested|wrote|would"
        r" like|will be|is going))",
    )
)
_ENSURE = rx(
    r"(?:see to it|make sure|ensure|take care|arrange|see)(?: that| for)? (?P<what><det*><adj*>(?:(?:N"
    r"|J|it|them|model"
    r"|detector|from|of|in|grounding|dino|mask|rt|detr|tao) )+)(?:gets|get|is|are|be|to be|will be|has"
    r" been|to get) "
    r"(?=[a-z]*ed )"
)


def take(text: Text) -> None:
    """Take such phrases out; "see to it that X gets exported" becomes "have X exported"."""
    for pattern in _IDIOMS:
        text.take(pattern, "PJ")
    text.rewrite(_ENSURE, _have)


def _have(found: Found) -> list[Token]:
    first = found.tokens()[0]
    return [Token("have", first.start, first.end), *found.tokens("what")]
