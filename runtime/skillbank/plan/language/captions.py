"""What an inference request looks for: descriptions, as they were written."""

from __future__ import annotations

from skillbank.plan.language.listing import NEXT, VERBS, WHERE, read_list, split_list
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
        captions += split_list(text, _without_tail([t for t in said if t.text != "P"]) if placed else said)
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
            end, items = read_list(text, begin, semicolons=pattern is _FIELD)
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
        end, items = read_list(text, quoted.last)
        captions += items
        text.replace(quoted.first + 1, end, [Token("C", quoted.tokens()[0].end, text.tokens[end - 1].end)])
    return list(dict.fromkeys(captions))


def _of_antecedent(found: Found) -> list[Token]:
    return [*found.tokens("rest"), *found.tokens("verb"), *found.tokens("what"), *found.tokens("place")]


def _without_tail(tokens: list[Token]) -> list[Token]:
    while tokens and tokens[-1].text in WHERE:
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
            and text.tokens[i + 1].text not in VERBS | NEXT
        ):
            last, items = read_list(text, i + 1)
            if items and not any(t.text in ("find", "look", "detect", "search") for t in text.tokens[i:last]):
                text.replace(i, last)
                return end, items
            break
    return end, []


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
