"""Roles that stand behind places, around them, or once for two ("X and Y are train and val data")."""

from __future__ import annotations

import re

from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import any_form, rx

_KINDS = {
    "train_datasets": r"train|training|finetuning",
    "eval_dataset": r"val|valid|validation|validating|eval|evaluation|test|testing|dev|holdout",
}


def _role(suffix: str) -> str:
    return "(?:" + "|".join(f"(?P<{kind}{suffix}>{words})" for kind, words in _KINDS.items()) + ")"


_A, _B = _role("_1"), _role("_2")
_ANY = "|".join(_KINDS.values())
_TWO = r"(?P<p1>P) (?:, )?(?:(?:and|/|&|then) )?(?P<p2>P)"
_BE = (
    r"(?:is|are|as|for|being|serves as|serve as|holds|hold|contains|contain|has|will be|should be|can"
    r" be|to be|used as"
    r"|used for|is for|is meant for|meant for|intended for|was|makes|make|go to|goes to)"
)
_IN = (
    r"(?:is|are|was|in|at|from|under|inside|lies|lie|lives|live|located|stored|being|:|=|which|that"
    r"|to be|found|be)"
)
_UNWRAP = rx(r"(?<=[a-z] )\( (?:(?:in|at|from|under|see|namely|located|stored|all) )*(?P<places>P) \)")
_MOVED = rx(
    r"(?:moved|renamed|migrated|transferred|relocated|changed|copied)(?: (?:it|them|the|data))* from P"
    r" (?:in)?to (?P<now>P)"
)
_ONE = rx(rf"(?P<role>{_ANY}) (?P<one>ones?)(?= )")
_COUNTED = rx(rf"(?:D|<det>) (?P<what><adj*>(?:{_ANY}) <data>(?: <data>)?) (?:,|:|\() (?:namely )?(?=P)")
_COUNT = rx(rf"D (?P<what><adj*>(?:{_ANY}) <data>)")
_WHAT = rx(
    r"what (?:is|lies|sits|we have|we keep|i have|you find|is stored|is kept|lives)(?= (?:in|at|under|on|P))"
)
_HAPPENS = rx(
    rf"(?P<role>validation|evaluation|training) (?:{_BE} )?(?:happens|happen|takes place|done|runs|performed"
    r"|carried out|to be done|made) (?:on|with|using|over|against|in|from) (?=(?:<det*><data*>)?P)"
)
_WHAT_FOR = rx(
    r"(?P<p1>P) (?:is|are|:|holds|has|contains) <det*>(?:what|where|the one|that|those|<data>)(?: <data>)*"
    r"(?P<who>(?: (?:which|that|we|i|you|it|N|they|model|should|shall|must|is|are|want|will|would|can|to|be"
    r"|like|use"
    r"|used|for))*) (?:(?P<train_datasets_1>train|trained|training|learn|learns)"
    r"|(?P<eval_dataset_1>validate|validated"
    r"|validation|validating|evaluate|evaluated|test|tested|check|checked))(?: (?:it|N|on|with|from|against"
    r"|in|for))+"
    r"(?= (?:,|\.|;|!|and|\)|but)|$| $)"
)
"""A place, and what it is for as a clause: "X is what we validate on"."""
_FOR_BOTH = rx(
    r"(?P<p1>P) (?:for|as) (?:<det*>(?:calibration|calibrating) and <det*>(?:train|training)|(?:train"
    r"|training|finetuning) and <det*>"
    r"(?:calibration|calibrating))(?: <data>)*"
)
_SIBLINGS = rx(
    r"(?:train|training) (?:(?:on|is|in|at|:|=) )?(?P<p1>P) (?:(?:,|;|and|/) )*(?:val|valid|validation"
    r"|validate"
    r"|eval|evaluation|test) (?:(?:on|is|in|at|:|=) )?(?P<p2>P)"
)
_READS_BOTH = rx(
    any_form("quantize", "quantise", "retrain", "prune", "distill") + "|quantization|quantisation|pruning"
)
_PAIRS = (
    # "training and validation data in X and Y"
    rx(rf"(?:(?:with|on|using|use|the|our|my|and) )*{_A} (?:<data> )?(?:and|/|,|&) <det*>{_B}"
       rf" (?:(?:<data>|{_IN}) )+{_TWO}"
       r"(?: ,? ?(?:respectively|in this order|in that order))?"),
    # "X and Y are the training and the validation set", "X and Y (train and val)"
    rx(rf"{_TWO} (?:{_BE}|:|=|,|\() (?:my |our |the )*{_A} (?:<data> )?(?:and|/|,|&) (?:{_BE}"
       rf" )?<det*>{_B}(?: <data>)*"
       r"(?: ,? ?(?:respectively|in this order|in that order))?(?: \))?"),
    # "X and Y, the first for training, the second for validation"
    rx(rf"{_TWO} (?:, |\( |: )?(?:the )?(?:first|former)(?: <data>| one)? (?:{_BE} )?<det*>{_A}(?:"
       rf" <data>)* (?:, |; )?(?:and "
       rf")?(?:the )?(?:second|other|latter)(?: <data>| one)? (?:{_BE} )?<det*>{_B}(?: <data>)*(?: \))?"),
    # "X - training, Y - validation", "X is the training set and Y the validation set"
    rx(rf"(?P<p1>P) (?:, )?(?:(?:{_BE}|=|:|which|that) )*<det*><adj*>{_A}(?: <data>)* (?:, |; |\."
       rf" )?(?:and |while |whereas "
       rf")?(?:(?:the )?(?:latter|other|second) )?(?P<p2>P) (?:, )?(?:(?:{_BE}|=|:|which|that)"
       rf" )*<det*><adj*>{_B}(?: "
       rf"<data>)*(?! (?:(?:{_IN}|on) )*P)"),
)  # fmt: skip
_LATTER = rx(
    rf"(?P<p2>P) (?:(?:,|\(|:|-|where|with) )*(?:the )?(?:latter|second one|second|other one) (?:{_BE}"
    rf" )*<det*>{_B}"
    r"(?: <data>)*(?: \))?(?! (?:in|at|on|from|under)? ?P)"
)
_BEHIND = rx(
    rf"(?P<p1>P) (?:(?:, )?(?:which|that|this|it) (?:{_BE} )+|= )<det*><adj*>{_A}(?: <data>)*(?!"
    rf" (?:{_IN} )*P)"
)


def take(text: Text) -> None:
    """Give places the roles that are said behind or around them, and take these words out."""
    text.rewrite(_UNWRAP, lambda found: found.tokens("places"))
    text.rewrite(_MOVED, lambda found: found.tokens("now"))
    text.rewrite(_ONE, _set)
    text.rewrite(_COUNTED, lambda found: found.tokens("what"))
    text.rewrite(_COUNT, lambda found: found.tokens("what") if found.said()[0].isalpha() else None)
    text.rewrite(_WHAT, lambda found: [])
    text.rewrite(_HAPPENS, lambda found: [*found.tokens("role"), Token("on", *_span(found))])
    text.rewrite(_WHAT_FOR, _what_for)
    text.rewrite(_FOR_BOTH, _for_both)
    if text.has(_READS_BOTH):
        # To quantize takes training data, too: "train X, val Y" asks for no training beside it.
        text.rewrite(_SIBLINGS, _siblings)
    for pattern in _PAIRS:
        text.rewrite(pattern, _both)
    text.rewrite(_LATTER, lambda found: [_with_role(found, "2")])
    text.rewrite(_BEHIND, lambda found: [_with_role(found, "1")])


def _set(found: Found) -> list[Token]:
    [one] = found.tokens("one")
    return [*found.tokens("role"), Token("set", one.start, one.end)]


def _span(found: Found) -> tuple[int, int]:
    last = found.tokens()[-1]
    return last.start, last.end


def _both(found: Found) -> list[Token] | None:
    if _kind(found.match, "1") == _kind(found.match, "2"):
        return None
    made = [_with_role(found, n) for n in "12"]
    return [made[0], Token("and", made[1].start, made[1].start), made[1]]


def _for_both(found: Found) -> list[Token]:
    [place] = found.tokens("p1")
    place.value.role = "train_datasets"
    return [place]


def _siblings(found: Found) -> list[Token]:
    [one], [two] = found.tokens("p1"), found.tokens("p2")
    one.value.role, two.value.role = "train_datasets", "eval_dataset"
    return [one, Token("and", two.start, two.start), two]


def _what_for(found: Found) -> list[Token]:
    """What "it should be trained on" still asks for the training; what "we validate on" asks for nothing."""
    place = _with_role(found, "1")
    who = found.tokens("who")
    if found.match["train_datasets_1"] and any(t.text in ("should", "shall", "must", "want") for t in who):
        verb = found.tokens("train_datasets_1")[0]
        return [Token("train", verb.start, verb.end), *(t for t in who if t.text == "N"), place]
    return [*(t for t in who if t.text == "N"), place]


def _with_role(found: Found, number: str) -> Token:
    [place] = found.tokens(f"p{number}")
    if place.value.role is None:
        place.value.role = _kind(found.match, number)
    return place


def _kind(match: re.Match[str], number: str) -> str:
    named = match.re.groupindex
    return next(k for k in _KINDS if f"{k}_{number}" in named and match[f"{k}_{number}"])
