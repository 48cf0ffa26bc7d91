"""What an inference request looks for: descriptions, as they were written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import ACTION_VERBS, forms, rx


def _bare_and_ing(*verbs: str) -> str:
    """A participle is no order: "the images can be found in X" tells where they are."""
    return "|".join(w for verb in verbs for kind in ("base", "ing") for w in forms(verb)[kind])


_FIND = rx(
    r"(?<!the )(?<!a )(?<!our )(?<!my )(?<!these )(?<!those )(?<!of )(?<!no )(?<!its )(?<!their )(?P<verb>(?:"
    + _bare_and_ing(
        "find",
        "detect",
        "locate",
        "label",
        "annotate",
        "spot",
        "identify",
        "recognise",
        "recognize",
        "highlight",
        "mark",
        "tag",
        "pinpoint",
        "outline",
    )
    + r"|searching(?= [a-z])(?! (?:for|in|through|the|my|P))|cut out|cutting out|mask out"
    r"|segment(?! (?:anything|the (?:image|picture)s?))"
    r"|(?:look|looking|looks|search|searching|searches|hunt|hunting|watch|scan|scanning|query"
    r"|querying|prompt|prompting) for|pick out|point out|box(?= (?:all|every|each|the|any|up))"
    r"|(?:show|give|get|point|list)(?: "
    r"me| us)?(?: to)? (?=(?:all|every|each|any|where) (?:[^.!?;]* )P )|(?:give|get|need|want|require|like"
    r"|produce|create|make)(?: me| "
    r"us)? (?:bounding )?(?:boxes|detections) (?:for|around|of)|draw (?:bounding )?(?:boxes"
    r"|rectangles) (?:around|round|on)|put (?:bounding )?boxes (?:around|on)|interested in"
    r"|care about|auto label|(?:i'm|we're|am|are) (?:only |mostly |mainly )?after(?= [a-z]))"
    r")(?! (?:map|maps|set|sets|file|files|noise|smoothing|data|training|detector|instances?|pric(?:e|es|ing)"
    r"|vms?|machines?|capacity|checks?)(?= ))"
)
_SEARCH = rx(
    r"(?P<verb>search|searching|label|annotate|tag|mark|scan|scanning|check|checking|inspect"
    r"|screen|comb|comb through|go through|look through|look|query|examine|browse|go over"
    r"|prompt)"
    r"(?: (?:the|my|our|all|these|in|through|at|on|over|images|pictures|photos|frames|data"
    r"|folder|files|of|new|for|dataset|N))* (?P<place>P)(?P<by>(?: (?:,|with|using|by|via|the|model|N|J"
    r"|from|of))*?) (?:,? ?and "
    r")?(?:for|looking for) "
)
_FOUND = rx(
    r"(?P<verb>(?:need|want|get|have|like)) (?P<what>(?:(?:[a-z]\S*|D|,) )+?(?:P )?)(?:to be "
    r")?(?:found|detected|located|marked|labelled|labeled|annotated|identified|spotted"
    r"|highlighted|boxed)(?= )"
)
_AFTER = rx(r"(?P<place>P) (?:,? ?(?:and )?)(?:with |using |for |as )(?=Q)")
_INFERRED = rx(r"P (?:, )?(?:(?:with|using) (?:(?:the|model|of|from|N|J|checkpoint) )+)?for (?=[a-z])")
_INFERENCE = words("inference infer inferring predict predictions prediction")
_FIELD = rx(
    r"(?:(?:with|and|using|use|for|the|these|as|following|text|of|by|my|our|from|on) "
    r")*(?:captions?|what to (?:find|look for|detect|search for|label)|prompts?|text prompts?"
    r"|phrases|phrase|descriptions?|things to find|objects to find"
    r"|(?:queries|targets?|categories|classes|labels|query)(?! (?:of|to|as|on|in|for|be)(?= ))"
    r"|(?:objects?|objects wanted|sought)(?= :))"
    r"(?: (?:are|is|=|:|of|to|as|being|like|set|should|be|,))*(?P<mark>(?<=:)|(?<==)|(?<=are)"
    r"|(?<=is)|(?<=be)|(?= Q)|(?<=of)|(?<=to)) "
)
_INSTRUMENT = rx(
    r"(?P<verb>find|detect|locate|label|annotate|spot|identify|mark|tag|look for|search for)"
    r" (?P<with>(?:with|using|via|by)"
    r" <det*>(?:model )?N(?: (?:\( J \)|J|from J|of J))?) (?:, )?(?=[a-zQ])"
)
"""What is used to find stands between the verb and its object."""
_THERE_ARE = rx(
    r"(?:there (?:are|is|might be|may be|could be|should be|must be)|(?:are|is) there)"
    r" (?P<what>(?:(?:[a-z]\S*|D|,) )+?)"
    r"(?P<place>(?:(?:in|on|at) P )?)(?P<rest>(?:[.?!,;:] |and |please |so |then |you |could |can |to )+)"
    r"(?P<verb>find|detect|locate|label|annotate|mark|spot) (?:them|those|these|it)(?= )"
)
"""What is spoken of first and found then: "there are cracks in X. Find them"."""
_PURPOSE = words("""to for that which can and will so it could should is be able used of who they in order""")
_TRAIN = frozenset(
    w for verb in (*ACTION_VERBS["train"], *ACTION_VERBS["retrain"]) for f in forms(verb).values() for w in f
) | {"training", "finetuning"}
_OTHER = words("use using run running apply applying infer inference predict evaluate export test")
_STOPS = words(". ! ? ; ( ) : / | V G T P N J S K C F")
_TAIL = words(
    """in on at from inside within across over under among using with by via through and or , the a an my
    our your all these those this that of images image pictures picture photos photo frames frame
    data dataset folder files samples video videos set new please too then also for to where which
    is are stored there model checkpoint weights it last now crops scans recordings footage
    located found lying lies both same here as well trained job run let do use based taken parent
    following batch whole entire complete directory bucket unlabelled unlabeled test shots camera
    latest out against but plain below above beneath each every fresh incoming collected recent"""
)
"""Words that a description does not end with: they lead to the place, the model or the next wish."""
_NEXT = words(
    """and then please use using run with no without on do not don't put save write store send email mail
    compare also afterwards finally in from but let take give show display upload export evaluate
    train quantize make keep only at via i we should must shall will has have is are"""
)
_ARTICLE = re.compile(
    r"^(?:classes|categories|phrases|captions|an?|the|all|any|every|each|some|of|both|for|me)\s+(?=\S)",
    re.IGNORECASE,
)


def take_captions(text: Text) -> list[str]:
    """Turn verbs of finding into ``V`` with what is to be found, and return it.

    What a training is for ("train it to find helmets") is no request to find it: it is only taken out.
    """
    captions: list[str] = []
    text.rewrite(_INSTRUMENT, lambda found: [*found.tokens("with"), *found.tokens("verb")])
    text.rewrite(_THERE_ARE, lambda found: _of_antecedent(found))
    wanted = next(text.find(_FOUND), None)
    if wanted is not None:
        said = wanted.tokens("what")
        placed = [t for t in said if t.text == "P"]
        captions += _split(text, _without_tail([t for t in said if t.text != "P"]) if placed else said)
        text.replace(wanted.first, wanted.last, [wanted.one("C"), *placed])
    for pattern in (_FIELD, _SEARCH, _FIND):
        at = 0
        while True:
            found = next((f for f in text.find(pattern) if f.first >= at), None)
            if found is None:
                break
            at = found.first + 1
            begin = found.last
            if pattern is _FIND and begin < len(text.tokens) and text.tokens[begin].text == ":":
                begin += 1
            end, items = _region(text, begin, semicolons=pattern is _FIELD)
            if pattern is _FIND and not items:
                end, items = _after_colon(text, begin, end)
            if pattern is _FIELD and not items:
                continue
            if pattern is _FIND and _is_purpose(text, found.first):
                text.replace(_purpose_start(text, found.first), end)
                continue
            captions += items
            kept = [t for t in text.tokens[found.first : end] if t.text in ("P", "N", "J")]
            mark = Token("C", text.tokens[found.first].start, text.tokens[end - 1].end)
            text.replace(found.first, end, [mark, *kept] if pattern is not _FIELD else [*kept, mark])
    quoted = next(text.find(_AFTER), None)
    if quoted is None and any(t.text in _INFERENCE for t in text.tokens):
        quoted = next(text.find(_INFERRED), None)
    if quoted is not None and not captions:
        end, items = _region(text, quoted.last)
        captions += items
        text.replace(quoted.first + 1, end, [Token("C", quoted.tokens()[0].end, text.tokens[end - 1].end)])
    return list(dict.fromkeys(captions))


def _of_antecedent(found: Found) -> list[Token]:
    return [*found.tokens("rest"), *found.tokens("verb"), *found.tokens("what"), *found.tokens("place")]


def _without_tail(tokens: list[Token]) -> list[Token]:
    while tokens and tokens[-1].text in _WHERE:
        tokens = tokens[:-1]
    return tokens


def _after_colon(text: Text, first: int, end: int) -> tuple[int, list[str]]:
    """Read the list that a sentence ends with: "annotate X with Grounding DINO: helmets, vests"."""
    for i in range(first, len(text.tokens)):
        if text.tokens[i].text in (".", "!", "?", ";"):
            break
        if (
            text.tokens[i].text == ":"
            and text.tokens[i + 1 : i + 2]
            and text.tokens[i + 1].text not in _VERBS | _NEXT
        ):
            last, items = _region(text, i + 1)
            if items and not any(t.text in ("find", "look", "detect", "search") for t in text.tokens[i:last]):
                text.replace(i, last)
                return end, items
            break
    return end, []


def _region(text: Text, first: int, semicolons: bool = False) -> tuple[int, list[str]]:
    """Read a list of descriptions; return where it ends and what it holds."""
    tokens = text.tokens
    if first < len(tokens) and tokens[first].text in _MANNER:
        return first, []  # "segment by text" says how
    last = first
    while last < len(tokens) and (
        tokens[last].text not in _STOPS or (semicolons and tokens[last].text == ";")
    ):
        if tokens[last].text in (",", "and", "or", ";") and last > first and _begins_other(text, last):
            break
        last += 1
    stopped_at = tokens[last].text if last < len(tokens) else "."
    while last > first and (
        tokens[last - 1].text == ","
        or (tokens[last - 1].text in _TAIL and (stopped_at in "PNJSVGT(" or tokens[last - 1].text in _ENDING))
    ):
        last -= 1
    quoted = [i for i in range(first, last) if tokens[i].text == "Q"]
    if quoted:
        return quoted[-1] + 1, [tokens[i].value.content for i in quoted]
    return last, list(_split(text, tokens[first:last]))


_MANNER = words("by with using via from on in at per based according")
_ENDING = words("and or , the a please too then also now")


def _begins_other(text: Text, at: int) -> bool:
    """Whether after a comma or an "and" something else is said than one more description."""
    rest = text.tokens[at + 1 :]
    while rest and rest[0].text in ("and", "or", ",", "then"):
        rest = rest[1:]
    if len(rest) > 1 and rest[0].text.isalpha() and rest[1].text in _DETERMINERS:
        return rest[0].text not in _WHERE  # an order: "and translate the labels"
    return not rest or rest[0].text in _STOPS or rest[0].text in _NEXT or rest[0].text in _VERBS


_DETERMINERS = words(
    "the a an my our your their its all each every them it this these those everything me us"
)


_VERBS = frozenset(v for verbs in ACTION_VERBS.values() for v in verbs) | {
    "build",
    "create",
    "generate",
    "convert",
    "compile",
    "count",
    "draw",
}


_WHERE = words("in on at from within inside across among over through")
_THERE = words(
    """it them these those this that there here the all of my our new each every image images picture
    pictures photo photos frame frames data folder files video videos ones both set dataset"""
)
_OWN = words("with having holding containing has have that which whose who without")


def _here(tokens: list[Token]) -> list[Token]:
    """Drop words that point to a place said before: "oil stains in them", but not "cups with tea in them"."""
    said = [t.text for t in tokens]
    if len(said) > 1 and said[-1] in ("there", "here"):
        return _here(tokens[:-1])
    at = next((i for i in range(len(said) - 1, 0, -1) if said[i] in _WHERE), 0)
    if at and at + 1 < len(said) and set(said[at + 1 :]) <= _THERE and not set(said[:at]) & _OWN:
        return tokens[:at]
    return tokens


def _split(text: Text, tokens: Sequence[Token]) -> list[str]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text in (",", "and", "or", ";"):
            parts.append([])
        else:
            parts[-1].append(token)
    said = [text.source(part).strip().strip("\"'") for part in map(_here, parts) if part]
    found = []
    for phrase in said:
        while (shorter := _ARTICLE.sub("", phrase)) != phrase:
            phrase = shorter
        if phrase and phrase.lower() not in (
            "it",
            "them",
            "objects",
            "things",
            "everything",
            "images",
            "pictures",
            "photos",
            "frames",
            "data",
            "something",
        ):
            found.append(phrase)
    return found


def _is_purpose(text: Text, at: int) -> bool:
    """Whether finding is what a training is for, and not asked for by itself."""
    i = at - 1
    while i >= 0 and text.tokens[i].text in _PURPOSE - {"and"}:
        i -= 1
    if i == at - 1 or text.tokens[i].text in (".", "!", "?", ";", ",", "and", "then"):
        return False
    while i >= 0 and text.tokens[i].text not in (".", "!", "?", ";"):
        if text.tokens[i].text in _OTHER:
            return False
        if text.tokens[i].text in _TRAIN:
            return True
        i -= 1
    return False


def _purpose_start(text: Text, at: int) -> int:
    while at > 0 and text.tokens[at - 1].text in _PURPOSE - {"and", "in"}:
        at -= 1
    return at
