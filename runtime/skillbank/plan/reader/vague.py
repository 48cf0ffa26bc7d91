"""Words that no description is: a model finds what is described, and neither counts, compares nor chooses."""

from __future__ import annotations

import re

__all__ = ["is_vague"]

_NOTHING_NAMED = (
    r"^(?:what|whatever|everything|anything|so on|so forth|the like|usual|same|something (?:else|like))\b",
    r"^others?(?: things| objects| ones)?$",
    r"\b(?:etc|et cetera)\b",
    r"^neither\b",
    r"^(?:none|nothing|nobody|unknown|undecided|open|tbd|tba)$",
    r"\bor (?:similar|something)\b",
    r"^(?:(?:the )?likes?|similar\b.*|something|anything|whatever)$",
    r"^(?:stuff|co|remaining|rest|unlabell?ed|unannotated|doubtful|uncertain)\b",
    r"^(?:kinds?|types?|sorts?) of\b",
    r"^(?:who|where|when|why|which|how)\b",
    r"^(?:my|our|your) [\w ]+'s \w",
    r"^(?:their|its|his|her|it|them|these|those) \w",
    r"^class(?:es)? \w",
    r"^(?:is|are|was|were|be|being|always|ever)\b",
    r"^(?:there|here|in|for|at|on|of|to|to see|please)$",
    r"^(?:in|on|from) (?:the|my|our) \w",
)
"""What leaves open what is to be found: "things and the like", "whatever you see", "their plates"."""
_COUNTED = (
    r"^(?:no|zero|not|than|several|few|many|more|further|enough|dozens?|one of)\b",
    r"^(?:number|amount|count) of\b",
    r"\bper (?:picture|image|photo|frame|page)\b",
    r"^(?:exactly |only |top |first |last )?(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve) "
    r"(?:[\w-]+ )*[\w-]+s$",
    r"\b(?:twice|thrice)$",
)
"""How many of them: "two dogs", "one cat per picture"."""
_COMPARED = (
    r"\b(?:best|worst)\b",
    r"\b(?:bigg|small|larg|tall|long|short|near|clos|heavi|bright|dark|old|new|young|wid|high|low|thick)est\b",
    r"\b\d+ ?(?:px|pixels?|percent|%|cm|mm)",
    r"\b(?:rather than|instead of|minus|ones)\b",
    r"^[\w-]+ (?:as|aka|alias) ",
    r"\bincluding\b",
)
"""Which of them, by their size or beside others: "the largest cars", "cars over 100 px"."""
_LIMITED = (
    r"^(?:mainly|mostly|primarily|especially|preferably)\b",
    r"\b(?:mainly|mostly|primarily|first|second|third)$",
    r"^all\b.*\b(?:but|except|apart|other)\b",
    r"\b(?:except|excluding|apart from|other than|but not)\b",
    r"\bthat (?:are|is) no\b",
    r"\b(?:again|anew|also|instead|maybe|perhaps|probably|as usual|next|last)$",
    r"\b(?:everywhere|anywhere|somewhere)$",
    r"\b(?:quickly|carefully|precisely|roughly|slowly|thoroughly|closely|properly|correctly|exactly)$",
    r"\b(?:when|where|if) (?:visible|possible|present|seen)$",
)
"""What is said of the finding, and not of the things: "mostly cars", "cars again", "cars when visible"."""
_PICTURES = (
    r"^(?:pictures?|images?|photos?) (?:with|without|that|which|where|of|for|containing|showing)\b",
    r"^empty (?:pictures?|images?|photos?|frames?)$",
)
"""Pictures themselves, which are not found inside of them."""
_KNOWN_TO_SOMEBODY = (
    r"\b(?:on|from|in) (?:the|my|our) list$",
    r"\b(?:listed|mentioned|noted|agreed) (?:on|in|with|above|below|earlier)\b",
    r"\b(?:we|you|they|he|she) (?!see\b)[a-z]+",
    r"\b(?:yesterday|earlier)\b",
    r"^i (?!beams?\b)[a-z]+",
    r"\bi (?:am|was|have|had|will|would|can|could|should|must|do|did|need|like|love|meant?|want|wanted)\b",
    r"\bi (?:marked|listed|sent|gave|told|said|wrote|use|used|put|showed|mentioned|think|thought)\b",
    r"\b(?:last time|before|i said|i told|i mentioned|(?:class|categorie)e?s of)\b",
    r"\bwith (?:what|the one)\b",
)
"""What only the person knows: "the ones on my list", "what we agreed on"."""
_APART = (r"(?:^|\s)[-\u2013](?:\s|$)",)
"""A dash, behind which something else is said."""

_VAGUE = re.compile(
    "|".join((
        *_NOTHING_NAMED, *_COUNTED, *_COMPARED, *_LIMITED, *_PICTURES, *_KNOWN_TO_SOMEBODY, *_APART
    )),
    re.IGNORECASE,
)  # fmt: skip


def is_vague(said: str) -> bool:
    """Whether words that stand where a thing to be found does describe none by themselves."""
    return _VAGUE.search(said) is not None
