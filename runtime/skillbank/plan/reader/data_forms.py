"""How people ask for something to be done with a data set: a beginning, then further phrases in any order.

A line (`line_of`) has words in small letters, ``§3`` for the place that is token 3, and ``@4`` for a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from skillbank.plan.reader.form_words import FORM
from skillbank.plugins import Group, names

__all__ = ["CHECKING", "NUMBER", "PART", "ROLE", "SHARE", "heads", "phrases"]

# -- what is worked on -----------------------------------------------------------------------------

_NOUN = (
    r"(?:data ?sets?|data|annotations?|labels?|boxes|images?|pictures?|photos?|exports?|folder|directory|"
    r"archive|files?|format)"
)
_DET = r"(?:the|my|our|this|that|these|those|a|an|all|whole|entire|of|in|and|object detection|detection)"
_IN = (
    r"(?:(?:which |that )?(?:is |are |lies |lie )?"
    r"(?:at|in|from|under|of|stored in|located at|located in|:) )?"
)
_PLACE = r"§(?P<place>\d+)"
_FORM = rf"(?:{FORM})"
_AS = (
    rf"(?: ?,? ?\(? ?(?:from|as|in|which is|which is in|that is) (?P<read>{_FORM})(?: format)? ?\)?"
    rf"| \( (?P<bracketed>{_FORM}) \))?"
)
_OF = rf"(?:(?P<of>{_FORM})(?: format| style)? )?"
# Each row of words is taken whole and once: a long one that leads nowhere is soon seen to be none.
_LED = rf"(?:{_DET} )*+{_OF}"
_DATA = rf"{_LED}(?:(?:{_DET}|{_NOUN}) )*+{_IN}{_PLACE}"
_NAMED = rf"{_LED}(?:{_DET} )*+(?:{_NOUN} )(?:(?:{_DET}|{_NOUN}) )*+{_IN}{_PLACE}"
_PLEASE = (
    r"(?:(?:please|could you|can you|would you|will you|i want to|i want you to|i would like to|i'd like to|"
    r"i need to|let's|now|kindly|just|hi|hello|hey|first of all|first|to begin with|,) )*"
)
_TO = (
    rf"(?:a |an |the )?(?P<to>{_FORM})"
    r"(?: (?:format|style|data ?set|annotations|labels|files|json|txt|xml))*"
)
_SOUND = (
    r"(?:(?:really|all|still|in) )?(?:okay|ok|fine|valid|good|clean|correct|right|usable|sound|intact|"
    r"complete|consistent|ready(?: for training| to train on)?|good enough|order|good shape|"
    r"free of (?:errors|faults|mistakes))"
)
_FLAWED = (
    r"(?:broken|bad|wrong|corrupt|corrupted|damaged|missing|empty|invalid|unreadable|faulty|duplicate|"
    r"duplicated|double|annotation|label|labelling|labeling|format|box|formatting)"
)
_BROKEN = rf"(?:{_FLAWED} )+(?:pictures|images|photos|files|boxes|labels|annotations|masks)"
_FAULT = (
    rf"(?:(?:any|all|its|the|possible|obvious) )*(?:(?:{_FLAWED} )*(?:errors|faults|mistakes|problems|issues|"
    rf"inconsistencies|duplicates|leaks|defects|anything wrong)|{_BROKEN})"
    r"(?: (?:in|of) (?:it|them|the annotations|the labels|the data ?set))?"
)

# -- how it begins ---------------------------------------------------------------------------------

_CONVERTS = "convert|transform|turn|change|translate|rewrite|re-export|reexport|export|transcode|write|bring"
_MAKES = "make|create|write|generate|produce"
_CHECKS = "check|inspect|audit|lint|examine"
_DOUBTED = f"validate|verify|{_CHECKS}"
_SPLITS = "split|divide|partition"
CHECKING = frozenset([*_DOUBTED.split("|"), "look", "see"])
_LOOKS = (
    r"(?:(?:take|have) a (?:(?:quick|short|first|close|closer) )?look (?:at|into|over)"
    r"|look (?:at|into|over|through)|see (?:what is|what's|what lies) (?:in|at|under))"
)
_ANSWERED = rf" ?\? ?{_PLEASE}(?:{_DOUBTED})"

_BEFORE = r"(?:before (?:we|i) [^§@.,;:\d]{1,60}, )?"
"""What somebody will do with it afterwards: "before we train anything, please check X"; not what "you" do."""
_INTRO = (
    rf"(?:{_DET} )*(?:{_NOUN} )(?:{_DET} )*{_IN}{_PLACE} "
    rf"(?:(?:came|come|comes|are|is|were|was) (?:from|in) (?P<was>{_FORM})(?: format)?"
    r"|are ready|is ready|arrived) ?[.;!] ?"
)
"""What lies there, before somebody asks for something to be done with "them"."""

_TOLD = r"(?P<told>(?:[a-z' ]{1,80} )?§(?P<place>\d+)(?: [a-z' ]{1,80})?) ?[.;!?,] ?"
"""What somebody tells of the one place that there is, before it is called "it"."""
_IT = rf"(?:it|them|(?:(?:the|its|these|those) )(?:{_NOUN}))"

_Head = tuple[str, frozenset[str], str]
"""What is asked for, the words of which one begins it, and how it begins."""

_HEADS: tuple[_Head, ...] = tuple(
    (action, frozenset(words.split("|")), form)
    for action, words, form in (
        ("convert", _CONVERTS, rf"(?:{_CONVERTS}) {_DATA}"),
        ("convert", _MAKES, rf"(?:{_MAKES}) {_TO} (?:out of|of|from) {_DATA}"),
        ("check", _DOUBTED, rf"(?:{_DOUBTED}) (?:whether|if|that) {_DATA}{_AS} (?:is|are) {_SOUND}"),
        ("check", _CHECKS, rf"(?:{_CHECKS}) {_DATA}"),
        ("check", "look|see", rf"(?P<look>{_LOOKS}) {_DATA}"),
        ("check", _DOUBTED, rf"(?:{_DOUBTED}) {_NAMED}"),
        (
            "check",
            "check|checkup|validation",
            r"(?:(?:do|run|make|perform|start) )?(?:a |the )?(?:quick )?(?:data|data ?set|format) "
            rf"(?:check|checkup|validation) ?(?:on|of|for|in|:)? ?{_DATA}",
        ),
        ("check", "wrong", rf"(?:what is|what's|tell me what is|say what is) wrong (?:with|in) {_DATA}"),
        (
            "check",
            "is|are",
            rf"(?:is|are) {_DATA}{_AS} (?:an? )?{_SOUND}(?: {_NOUN})?{_ANSWERED}(?: (?:it|them|that))?",
        ),
        (
            "check",
            "is|are",
            rf"(?:is|are) there (?:any )?{_BROKEN}(?: (?:and|or|,) (?:any )?{_BROKEN})* {_IN}{_PLACE}"
            rf"{_ANSWERED} (?:(?:it|them|that)|(?:{_DET} )*{_NOUN})",
        ),
        ("split", _SPLITS, rf"(?:{_SPLITS}) {_DATA}"),
        (
            "convert",
            "need|want|like",
            rf"(?:i|we) (?:would )?(?:need|want|like)(?: to have)? {_DATA} (?:in|as) {_TO} ?[.;!,] ?"
            rf"{_PLEASE}(?:{_CONVERTS}) {_IT}",
        ),
        *(
            (action, verbs, rf"{_INTRO}{_PLEASE}(?:{verbs}) (?:it|them|these|those|that)")
            for action, verbs in (("convert", _CONVERTS), ("check", _CHECKS), ("split", _SPLITS))
        ),
        *(
            (action, verbs, rf"{_TOLD}{_PLEASE}(?:{verbs}) {_IT}")
            for action, verbs in (("convert", _CONVERTS), ("check", _DOUBTED), ("split", _SPLITS))
        ),
        (
            "split",
            f"hold|set|{_SPLITS}",
            rf"(?:(?:{_SPLITS}) off|hold out|set aside) (?P<off>\S.{{0,60}}?) of {_DATA}",
        ),
    )
)

# -- what is said besides --------------------------------------------------------------------------

NUMBER = r"\d+(?:\.\d+)?"
_FRACTION = r"(?:(?:a|one)(?: |-)(?:half|third|quarter|fifth|tenth|twentieth)|half)"
SHARE = rf"(?:{NUMBER} ?(?:%|percent|per cent)?|{_FRACTION})"
_RATIO = rf"\(? ?{SHARE}(?: ?[/:-] ?{SHARE}){{1,2}} ?\)?"
ROLE = (
    r"(?:training|train|validation|validating|valid|val|testing|test)"
    r"(?: (?:set|split|data|images|pictures|part))?"
)
_FOR = r"(?:of (?:it|them) )?(?:(?:is|are|goes|go) )?(?:(?:for|as|to|of|in|into) )?(?:the |a )?"
PART = (
    rf"(?:(?P<share>{SHARE}) {_FOR}(?P<role>{ROLE})"
    rf"|(?P<named>{ROLE})(?: ?[:=])?(?: ?\(? ?(?P<its>{SHARE})(?: ?\))?)?)"
)
_PART = re.sub(r"\?P<\w+>", "?:", PART)
_KEEPING = (
    r"(?:so that|such that|keep|keeping|use|using|take|taking|put|reserve|with|as|in|into|at|hold out|for|:) "
)
_ELSEWHERE = "|".join(name for name in names(Group.PLATFORMS) if name != "local")
_WRITTEN = (
    r"(?:(?:write|save|put|store|place)(?: (?:it|them|all|the (?:results?|output|report|data ?set)))? "
    r"|(?:the )?(?:results?|outputs?|report) (?:(?:go|goes|should go|shall go) )?)"
)
_INTO = r"(?:in|into|to|under|below|inside|->)"
_WHY = r"(?:(?!(?:and|then|but|only|just|without|except|unless) )[^§@.,;:\d])*"
"""A reason, up to where something else begins or where it limits what is to be done."""
_BROKENS = r"broken(?: (?:ones|pictures|images|boxes|files|data|annotations|and|or))*"

_Phrase = tuple[frozenset[str], str]
"""The actions that a phrase can be said of, and its form, whose groups are named after what it says."""

_ANY, _WRITING = frozenset({"convert", "check", "split"}), frozenset({"convert", "split"})
_CHECK, _SPLIT, _CONVERT = frozenset({"check"}), frozenset({"split"}), frozenset({"convert"})
_PHRASES: tuple[_Phrase, ...] = (
    (_SPLIT, rf"(?:{_KEEPING})?(?:a |the )?(?:(?:share|ratio) of )?(?P<ratio>{_RATIO})"),
    (
        _SPLIT,
        rf"(?:{_KEEPING})?(?:a |an |the )?(?:share of )?"
        rf"(?P<parts>{_PART}(?: ?(?:, and|,|and|plus|/) ?(?:a |an |the )?{_PART})*)",
    ),
    (_SPLIT, r"(?:with )?(?:a |the )?(?:random )?seed (?:of |= ?)?(?P<seed>\d+)"),
    (_SPLIT, r"(?:grouped )?by (?P<by>near[- ]duplicates|folder|picture)"),
    (_SPLIT, r"keep(?:ing)? (?:each|every) (?P<kept>folder) together"),
    (
        _SPLIT,
        r"(?:what lies in|pictures (?:of|in|from)) (?:one|a|the same) (?P<kept>folder) "
        r"(?:(?:must|should|shall|has to) )?stays? together",
    ),
    (_CONVERT, rf"(?:to|into) {_TO}"),
    (_SPLIT, rf"(?:write|written|save|saved) (?:it |them )?(?:as|in|into|to) {_TO}"),
    (_CONVERT, r"(?:to|into) (?:a |an )?(?P<unknown>[a-z]\w*(?: \w+){0,2})(?= ?[,.!?]| and |$)"),
    (_ANY, rf"(?:from|which is|which is in|that is|\() ?(?P<was>{_FORM})(?: format)? ?\)?"),
    (_ANY, rf"(?:as|in) (?:a |an |the )?(?P<as>{_FORM})(?: (?:format|style))?"),
    (
        _ANY,
        rf"(?:{_WRITTEN}(?:at|=|:|{_INTO})|{_INTO})(?: the (?:folder|directory))? §(?P<out>\d+)",
    ),
    (
        _CHECK,
        r"(?P<report>(?:only |just )?report(?: (?:the )?(?:errors|faults|them))? "
        r"(?:instead of failing|and do not fail)|without failing)",
    ),
    (
        _CHECK,
        rf"for {_FAULT}(?: (?:and|or|,) (?:for )?{_FAULT})*",
    ),
    (
        _WRITING,
        rf"(?P<skip>skip|skipping|leave out|leaving out|drop|dropping|without)(?: (?:the|any|all))? "
        rf"(?:what is broken|whatever is broken|{_BROKENS})",
    ),
    (_ANY, rf"(?:on|in|with|using) (?P<platform>{_ELSEWHERE})"),
    (_ANY, r"(?P<local>locally|on this machine)"),
    (_ANY, r"(?:with|using|by|through) (?:the skill )?@(?P<skill>\d+)"),
    (_ANY, r"first|please|pls|thanks|thank you|thx|now|again please|for me|once"),
    (
        _ANY,
        r"(?:(?:before|because|since) (?:we|i|they|it)|(?:as|so that) (?:we|i) (?:can|could|need|want|have)) "
        + _WHY,
    ),
)
_JOINT = re.compile(r"(?: |,|;|\.|!|\?|and |then |but )*")
"""What stands between two phrases."""


@cache
def _head(form: str) -> re.Pattern[str]:
    return re.compile(_BEFORE + _PLEASE + form + r"(?= |$)")


@cache
def _phrase(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{form})(?= |[,;.!?]|$)")


OPENINGS = frozenset[str]().union(*(opening for _, opening, _ in _HEADS)) - {"is", "are"}
"""The verbs and nouns that a request about a data set begins with."""


def heads(line: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield what a line may ask for, and how it begins."""
    words = frozenset(line.split())
    for action, opening, form in _HEADS:
        # Most requests have none of these verbs, and the patterns take long to compile.
        if not opening.isdisjoint(words) and (found := _head(form).match(line)) is not None:
            yield action, found


def phrases(line: str, at: int, action: str) -> tuple[list[re.Match[str]], list[tuple[int, int]]]:
    """Return the phrases of a line from where it has begun, and where other words stand."""
    found: list[re.Match[str]] = []
    others: list[tuple[int, int]] = []
    at = _joint(line, at)
    while at < len(line):
        forms = (form for actions, form in _PHRASES if action in actions)
        read = next((m for form in forms if (m := _phrase(form).match(line, at))), None)
        if read is None:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            others.append((at, end))
        else:
            found.append(read)
            end = read.end()
        at = _joint(line, end)
    return found, others


def _joint(line: str, at: int) -> int:
    match = _JOINT.match(line, at)
    return at if match is None else match.end()
