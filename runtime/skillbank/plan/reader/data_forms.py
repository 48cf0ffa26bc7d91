"""How people speak of data sets: the words for one, for its soundness and its parts, as regular expressions.

They are of a line of small letters (`data_line`): ``§3`` is the place that is token 3, ``@4`` a name.
"""

from __future__ import annotations

import re
from functools import cache

from skillbank.plan.reader.form_words import FORM

__all__ = [
    "BROKEN", "DET", "FAULT", "FRACTIONS", "HOLDS", "IT", "NOUN", "NUMBER", "PART", "PLACE", "RATIO", "ROLE",
    "SHARE", "SOUND", "form", "words",
]  # fmt: skip

# -- what is worked on -----------------------------------------------------------------------------

NOUN = (
    r"(?:data ?sets?|data|annotations?|labels?|boxes|images?|pictures?|photos?|exports?|folder|directory|"
    r"archive|zip|files?|format|sets?|batch|delivery|masks?)"
)
DET = (
    r"(?:the|my|our|your|their|his|her|its|this|that|these|those|a|an|all|whole|entire|new|of|in|and|"
    r"object detection|detection)"
)
IT = rf"(?:it|them|that|this|these|those|(?:(?:the|its|my|our|these|those) )?{NOUN})"
PLACE = r"§(?P<place>\d+)"

# -- what is found out about it ---------------------------------------------------------------------

SOUND = (
    r"(?:(?:really|all|still|in|any|a|an|of|actually) )*"
    r"(?:(?:okay|ok|fine|valid|good|clean|correct|right|usable|sound|intact|sane|healthy|complete|consistent|"
    r"ready|good enough|order|good shape|proper|well[- ]formed|trainable|free of (?:errors|faults|mistakes))"
    r"(?: (?:for (?:(?:the|a) )?(?:training|classification|detection|segmentation|use)|"
    r"to (?:be )?(?:use|used|train(?: on)?)))?)"
)
_FLAWED = (
    r"(?:broken|bad|wrong|corrupt|corrupted|damaged|missing|empty|invalid|unreadable|faulty|duplicate|"
    r"duplicated|double|annotation|label|labelling|labeling|format|box|formatting)"
)
BROKEN = rf"(?:{_FLAWED} )+(?:pictures|images|photos|files|boxes|labels|annotations|masks)"
FAULT = (
    rf"(?:(?:any|all|its|the|possible|obvious|some) )*(?:(?:{_FLAWED} )*"
    r"(?:errors?|faults?|mistakes?|problems?|issues?|inconsistenc(?:y|ies)|duplicates|leaks|defects|"
    rf"anything wrong)|{BROKEN})"
    r"(?: (?:in|of|with) (?:it|them|the annotations|the labels|the data ?set))?"
)

# -- how it is divided -------------------------------------------------------------------------------

NUMBER = r"\d+(?:\.\d+)?"
FRACTIONS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10, "twentieth": 20}
"""The parts of a whole by their names, with how many of them it has."""
_FRACTION = rf"(?:(?:a|one)(?: |-)(?:{'|'.join(FRACTIONS)})|half)"
SHARE = rf"(?:{NUMBER} ?(?:%|percent|per cent)?|{_FRACTION})"
RATIO = rf"\(? ?{SHARE}(?: ?[/:-] ?{SHARE}){{1,2}} ?\)?"
ROLE = (
    r"(?:training|train|validation|validating|valid|val|testing|test)"
    r"(?: (?:set|split|data|images|pictures|part))?"
)
_FOR = (
    rf"(?:(?:of|from) (?:it|them|§\d+|(?:(?:the|my|our) )?{NOUN}) )?(?:aside |apart |out |back )?"
    r"(?:(?:is|are|goes|go|held out|set aside|kept|reserved) )?(?:(?:for|as|to|of|in|into) )?(?:the |a )?"
)
PART = (
    rf"(?:(?P<share>{SHARE}) {_FOR}(?P<role>{ROLE})"
    rf"|(?P<named>{ROLE})(?: ?[:=])?(?: ?\(? ?(?P<its>{SHARE})(?: ?\))?)?)"
)

HOLDS = r"(?:(?:split|take|divide) off|hold (?:out|back)|set aside|put aside|reserve)"
"""What takes a part of a data set away from the rest."""


@cache
def form(source: str) -> re.Pattern[str]:
    """Return a form of whole words; ``<FORM>`` in it is the name of a format."""
    return re.compile(rf"(?<![^ ])(?:{source.replace('<FORM>', f'(?:{FORM})')})(?= |[,;.!?)¶]|$)")


def words(*lists: str) -> frozenset[str]:
    """Return the words of lists that are parted by blanks."""
    return frozenset(word for each in lists for word in each.split())
