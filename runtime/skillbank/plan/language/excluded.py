"""Places and jobs that are named only to say that they are not meant: "not on X", "leave X alone"."""

from __future__ import annotations

from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import rx

_BETWEEN = (
    r"(?:<det>|<adj>|<data>|ever|use|using|used|touch|touching|take|taking|read|reading|write|writing|written"
    r"|save|saving|saved|store|stored|put|send|copy|include|including|change|modify|overwrite|overwriting"
    r"|delete|look|go|access|be|train|training|evaluate|evaluating|validate|validating|run|running|results?"
    r"|outputs?|job|model|anything|it|them|N|to|into|in|at|on|from|of|under|for|with|over)"
)
_NEGATED = rx(
    rf"(?<!why )(?P<lead>(?:but |and )?)(?P<not><not>|never|everything but|all but) "
    rf"(?P<said>(?:{_BETWEEN} )*)"
    r"(?P<what>[PJ](?: (?:or|nor|and) [PJ])*)(?! (?:, )?but only)"
)
_ALONE = rx(
    r"(?:leave|leaves|let|keep) (?P<what>[PJ](?: (?:or|and) [PJ])*) (?:alone|out|aside|untouched|unchanged"
    r"|as (?:it is|they are|is)|in peace|away)"
)
_UNUSABLE = rx(
    r"(?P<what>[PJ]) (?:is|are|must|should) (?:off limits|off-limits|taboo|broken|corrupt|corrupted|wrong"
    r"|obsolete|outdated|not (?:be )?(?:used|touched|to be (?:used|touched)|meant|for this|ready|usable))"
)


def drop(text: Text) -> None:
    """Take out the places and jobs that are excluded; what else was said of them stays."""
    for pattern in (_NEGATED, _ALONE, _UNUSABLE):
        text.rewrite(pattern, _without)


def _without(found: Found) -> list[Token] | None:
    names = found.match.groupdict()
    if names.get("not") and names["not"].split()[-1] in ("to", "of", "for") and not names["said"]:
        return None
    what = found.tokens("what")
    kept = [t for t in found.tokens() if t not in what and t.text not in ("or", "nor", "and")]
    if not names.get("not"):
        return []
    # "train on A, not on B" negates the place; "do not train on B" the training, too.
    verbs = [t for t in kept if t.text in ("train", "training", "evaluate", "evaluating", "run", "running")]
    negation = found.tokens("not")
    return [*negation, *verbs] if verbs else []
