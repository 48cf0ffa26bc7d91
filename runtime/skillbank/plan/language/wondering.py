"""Which sentences ask about something instead of for it, however politely."""

from __future__ import annotations

import re

from skillbank.plan.language.tokens import Text, Token, words
from skillbank.plan.language.words import rx

_QUESTION = words(
    """how what what's why which who whom whose when where is are was were does do did has have had should
    shall am"""
)
_POLITE = rx(
    r"(?:how|what) about|why (?:do not|not)(?: you| we)?|(?:do|would) you mind|(?:have|has) "
    r"(?:the |my |our )?(?:N|model|it) T|have (?:it|N)|(?:do|have) (?!you|i|we|they|people"
    r"|these|those)|when (?:that|this|it|the|training|you|everything|done)|(?:is|are) "
    r"(?:<det*>)?(?:N|model) (?:ready )?to be"
)


def asks(text: Text, first: int, last: int, ends: bool) -> bool:
    """Whether words ask about something; ``ends`` says whether a question mark follows them."""
    sentence = text.tokens[first:last]
    while sentence and sentence[0].text in _OPENING:
        sentence = sentence[1:]
    polite = [t.text for t in sentence[:2]] in _COULD_YOU
    if polite and any(f.first <= 1 for f in Text(text.original, sentence[2:]).find(_EXPLAIN)):
        return True
    if not sentence:
        return False
    opening = Text(text.original, sentence)
    told = any(t.text in ("P", "J") for t in sentence)
    if _opens(opening, _POSSIBLE) and all(t.text != "without" for t in sentence):
        # "Is it possible to train it? The data is in s3://..." gives what only a request needs.
        data_follows = any(t.text == "P" for t in text.tokens[last:]) and not _elsewhere(text, first, last)
        if told or data_follows:
            return False
    if _opens(opening, _EXPLAIN):
        return True
    if _opens(opening, _MAY_I) or any(text.source([t]).lower().startswith("get ") for t in sentence[2:3]):
        return False
    if [t.text for t in sentence[-2:]] == ["or", "not"]:
        return True
    word, following = [*(t.text for t in sentence[:2]), ""][:2]
    if word in _MODALS:
        # "Can I train it on a CPU?" asks; "can we train it on s3://..." is a polite request.
        asking = following in ("i", "we", "it") or (ends and following not in _ASKED)
        if asking and following == "we" and not _elsewhere(text, first, last):
            # "Can we do a search for it? The data is in s3://..." gives what only a request needs.
            told |= any(t.text == "P" for t in text.tokens[last:])
        return asking and not (told and (following != "i" or any(t.text == "P" for t in sentence)))
    if following == ":":
        return False  # "What: a training" is a label
    clause = word in ("when", "where", "while", "since") and following not in _AUXILIARIES
    return word in _QUESTION and not clause and not _opens(opening, _POLITE)


def opens_question(tokens: list[Token]) -> bool:
    """Whether a part of a sentence begins like a question ("how long", "what is")."""
    said = [t.text for t in tokens]
    return bool(said) and said[0] in _ASKING and said[1:2] not in (["about"], ["to"])


_ASKING = words("how what why which who")


def _elsewhere(text: Text, first: int, last: int) -> bool:
    return any(t.text in ("V", "C") for t in [*text.tokens[:first], *text.tokens[last:]])


_POSSIBLE = rx(
    r"(?:is it|would it be|might it be|is there) (?:at all |perhaps |maybe )*(?:possible|feasible|<det*>"
    r"(?:way|chance|possibility))(?: (?:for you|for us|of|that you|that we|you|we|could|can|would))* (?:to )?"
    r"(?:(?:get|have|do|run|start|make|perform|conduct|please|<det>|<adj>|N|J) )*[VGC]"
)


_MAY_I = rx(
    r"(?:could|can|may|might) (?:i|we) (?:please |perhaps |maybe |kindly )*(?:get|have|ask|request|order)"
)
"""Asks for something, whatever it is."""


def _opens(text: Text, pattern: re.Pattern[str]) -> bool:
    return any(found.first == 0 for found in text.find(pattern))


_MODALS = words("can could may will would might")
_ASKED = words("you we i someone somebody please it u")
_AUXILIARIES = words("is are was were will would can could do does did has have had should")
_COULD_YOU = [[a, b] for a in ("can", "could", "would", "will") for b in ("you", "u")]
_OPENING = words(
    """so and well ok okay hi hello hey please but also then , just now by the way actually oh um thanks"""
)
_EXPLAIN = rx(
    r"(?:explain|tell me|tell us|describe|show me|teach me|summari[sz]e|help me understand|i "
    r"(?:wonder|am wondering|was wondering) (?:how|what|why|which|when|where|if it)|i would "
    r"like to know(?! V)|i want to know(?! V)|do you know|give me (?:an?|some) (?:overview"
    r"|explanation|info|information|example|idea)"
    r"|(?:would|does|will|might) it (?:make sense|help|pay|be (?:wise|useful|worth|better|worthwhile"
    r"|sensible|smart|good"
    r"|reasonable))|is it (?:worth|wise|sensible|useful|a good idea|better|reasonable)"
    r"|walk me through|compare|list|is it (?:possible|true|ok|better)|is there|are there|what "
    r"if|any idea|write|translate|remind me|document|clarify)"
)
