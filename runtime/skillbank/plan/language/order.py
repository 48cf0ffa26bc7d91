"""The order in time that a text says, where it is not the order of its words.

What comes "after that" follows; what comes "before that" goes first; "once it has been trained on X" asks
for the training, which goes first, too: its data is named, so it is no story of what has long been done.
"""

from __future__ import annotations

from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import ACTION_VERBS, rx

_VERB = "|".join(sorted({v for verbs in ACTION_VERBS.values() for v in verbs})) + (
    "|build|create|generate|make|compile|convert|run|do|start|launch|find|detect|turn|test|measure"
)
_SOFT = r"(?:(?:,|please|also|you|we|i|then|go|on|and|to|kindly|would like to|want to) )*"
_AFTER_THAT = rx(
    rf"(?:and )?(?:right |directly |immediately |shortly )?after (?:that|this|which|it|these)(?= ,| {_SOFT}"
    rf"(?:{_VERB})(?! (?:,|job|run|step|is|has)))"
)
_BEFORE_THAT = rx(
    rf"(?:(?:but|and) )?(?:(?:right |directly |immediately |shortly )?(?:before|prior to) (?:that|this"
    rf"|which|it)"
    rf"|beforehand|as a first step)(?= ,| {_SOFT}(?:{_VERB}))"
)
_SUBJECT = r"(?:(?:<det>|N|J|it|model|detector|network|one|from|of|<adj>) )*"
_UPON = rx(
    rf"(?:but |and |only |just )*(?:once|after|when|whenever|as soon as|the moment|upon|having)"
    rf"(?: that)? {_SUBJECT}(?:(?:is|are|has|have|had|been|was|being|got|gets|fully|successfully|first"
    rf"|once) )*"
    r"(?P<t>T)(?: (?:it|N|them))?(?= (?:(?:on|with|using|over|against|in|at|from|<det>|<adj>|<data>|S|and|,"
    r"|\(|\)) )*P)"
)
_STORY = rx(
    r"(?:, )?(?:which|that|who|as it)(?: (?:was|is|has|had|been|we|i|they|originally|once|already|first))* "
    r"(?P<t>T)(?: (?:on|with|using|over|from|in|<det>|<adj>|<data>))* P(?: ,)?"
)
_TRAINED = words("train retrain distill")
_MARKS = words(", and but then please also you we ) ( only now just kindly")


def unify(text: Text) -> None:
    """Bring the words for before and after to ``then`` and ``beforehand``."""
    text.rewrite(_AFTER_THAT, lambda found: [found.one("then")])
    text.rewrite(_BEFORE_THAT, lambda found: [found.one("beforehand")])


def take_conditions(text: Text) -> None:
    """Turn "once it has been trained on X" into a step that goes first; drop how a job's model was made."""
    jobs = any(t.text == "J" for t in text.tokens)

    def upon(found: Found) -> list[Token] | None:
        [done] = found.tokens("t")
        if jobs and done.value.action in _TRAINED:
            return None  # the job's model is there
        return [
            Token("beforehand", done.start, done.start),
            Token("V", done.start, done.end, done.value),
            *found.kept("NJS"),
        ]

    text.rewrite(_UPON, upon)
    if jobs and sum(t.text == "P" for t in text.tokens) > 1:
        text.rewrite(_STORY, lambda found: found.kept("NJ") if _is_training(found) else None)


def _is_training(found: Found) -> bool:
    return found.tokens("t")[0].value.action in _TRAINED


def goes_before(tokens: list[Token], at: int, end: int, begun: bool) -> bool:
    """Whether the action at a place in a sentence is to be done before the one said before it.

    Parameters
    ----------
    end
        Where the words that belong to it end.
    begun
        Whether another action stands before it in its sentence.
    """
    i = at - 1
    while i >= 0 and tokens[i].text in _MARKS - {"then"}:
        i -= 1
    lead = tokens[i].text if i >= 0 else ""
    if lead == "beforehand" or (lead == "first" and begun):
        return True
    last = end - 1
    while last > at and tokens[last].text in _MARKS:
        last -= 1
    # "export it, but train it first"
    return begun and last > at and tokens[last].text in ("first", "beforehand") and lead != "then"
