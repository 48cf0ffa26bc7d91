"""What is said of work on a data set beside places and formats: shares, a seed, what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.plan.reader.data_forms import (
    BROKEN,
    DET,
    FAULT,
    FRACTIONS,
    HOLDS,
    IT,
    NOUN,
    NUMBER,
    PART,
    RATIO,
    SOUND,
    form,
)  # fmt: skip
from skillbank.plan.reader.data_heads import Head
from skillbank.plugins import Group, names

__all__ = ["said_in", "unmet"]

_AMOUNT = "|".join((r"\d", *FRACTIONS))
_PART = re.sub(r"\?P<\w+>", "?:", PART)
_KEEPING = (
    r"(?:so that|such that|keep|keeping|leave|leaving|use|using|take|taking|put|reserve|with|as|in|into|"
    r"at|hold out|for|to) "
)
_ELSEWHERE = "|".join(name for name in names(Group.PLATFORMS) if name != "local")
_BROKENS = r"broken(?: (?:ones|pictures|images|boxes|files|data|annotations|and|or))*"
_TELL = (
    r"(?:tell|show|let|list|report|say|give|see|know|find out|send|make sure|confirm|"
    r"confirmation|ensure|mention)"
)
_TELLING = (
    rf"(?:and |to |then |so )*{_TELL}(?: (?:me|us|them|know|back|about))*"
    rf"(?: (?:if|whether|what|everything|all|anything|which|where|that|how|a list of|list|{DET}|"
    rf"{NOUN}|{IT}|is|are|there|of|with|"
    rf"has|have|you|find|finds|found|comes out))*"
)
_DATA = rf"(?:(?:{DET}|{NOUN}|{IT}|<FORM>|§\d+|in|at|from|under|there|all|everything|theirs|ours) )*+"

_ALL = (
    r"(?:(?:the|all|its|their|our|my|these|those) )*"
    r"(?:pictures|images|photos|photographs|(?:picture|image) files)"
)
_ENDING = (
    r"(?= ?[.,;:!?)¶]| ?\Z| (?:too|also|as well|along|over|please|then|instead"
    r"|and(?! (?:\w+ )?(?:labels?|annotations?|boxes|masks?)))(?= |[.,;!?)¶]|\Z))"
)
"""What closes an order about all pictures: "copy the pictures of ./b" and "... to ./x" are others."""
_Phrase = tuple[frozenset[str], str]
"""The actions that a phrase can be said of, and its form, whose groups are named after what it says."""

_ANY, _WRITING = frozenset({"convert", "check", "split"}), frozenset({"convert", "split"})
_CHECK, _SPLIT, _CONVERT = frozenset({"check"}), frozenset({"split"}), frozenset({"convert"})
_PHRASES: tuple[_Phrase, ...] = (
    (_SPLIT, rf"(?:{_KEEPING})?(?:a |the )?(?:(?:share|ratio) of )?(?P<ratio>{RATIO})"),
    (
        _SPLIT,
        rf"(?:{_KEEPING})?(?:a |an |the )?(?:share of )?"
        rf"(?P<parts>{_PART}(?: ?(?:, and|,|and|plus|/) ?(?:a |an |the )?{_PART})*)",
    ),
    (_SPLIT, rf"{HOLDS} (?P<off>\S.{{0,60}}?) (?:of|from)(?= [^.;]{{0,60}}§)"),
    (_SPLIT, r"(?:with )?(?:a |the )?(?:random )?seed (?:is |of |= ?|: ?)?(?P<seed>\d+)"),
    (_SPLIT, r"(?:grouped )?by (?P<by>near[- ]duplicates|folder|picture)"),
    (_SPLIT, r"keep(?:ing)? (?:each|every) (?P<kept>folder) together"),
    (
        _SPLIT,
        r"(?:what lies in|pictures (?:of|in|from)) (?:one|a|the same) (?P<kept>folder) "
        r"(?:(?:must|should|shall|has to) )?stays? together",
    ),
    (
        _CHECK,
        r"(?P<report>(?:only |just )?report(?: (?:the )?(?:errors|faults|them))? "
        r"(?:instead of failing|and do not fail)|without failing)",
    ),
    (_CHECK, rf"for {FAULT}(?: ?(?:and|or|,) (?:for )?{FAULT})*"),
    (_CHECK, rf"{_TELLING} ?(?:{SOUND}|{FAULT}|wrong|broken|off|amiss|missing|faulty|bad|find|finds|found)"),
    (
        _CHECK,
        rf"(?:whether|if|that) {_DATA}(?:is|are|looks?|has|have|contains?|seems?|be) (?:any |a |"
        rf"an |really )*(?:{SOUND}|{FAULT})",
    ),
    (_CHECK, rf"(?:have|has|contains?|holds?) (?:any |some )*{FAULT}"),
    (_CHECK, rf"(?:is|are) {_DATA}{SOUND}(?: {NOUN})?"),
    (
        _CHECK,
        rf"(?:is|are) there (?:any )?(?:{BROKEN}|{FAULT})(?: (?:and|or|,) (?:any )?(?:{BROKEN}|{FAULT}))*",
    ),
    (_CHECK, r"(?:is there )?(?:anything|something) wrong|what(?: i|')?s wrong|what is wrong"),
    (
        _WRITING,
        rf"(?P<skip>skip|skipping|leave out|leaving out|drop|dropping|without)(?: (?:the|any|all))? "
        rf"(?:what is broken|whatever is broken|{_BROKENS})",
    ),
    (_WRITING, rf"(?<!not )(?<!n't )(?<!never )(?:and )?(?P<pictures>copy|link) {_ALL}{_ENDING}"),
    (
        _WRITING,
        rf"(?:with )?{_ALL} (?:(?:should|must|shall|are to|to) be )?(?P<pictures>copied|linked){_ENDING}",
    ),
    (_WRITING, rf"with (?P<pictures>copies|links) (?:of|to) {_ALL}{_ENDING}"),
    (_ANY, rf"(?:on|in|with|using) (?P<platform>{_ELSEWHERE})"),
    (_ANY, r"(?P<local>locally|on this machine)"),
    (_ANY, rf"(?:(?:{DET}|{NOUN}) )*{NOUN}(?= (?:(?:of|in|at|from|under|:) )?§)"),
    (_ANY, r"(?:with|using|by|through) (?:the skill )?@(?P<skill>\d+)"),
)
_BEHIND = re.compile(r"(?:^|[,;:.(/¶¤]\w* ?|§\d+ |(?<![^ ])(?:and|or|is|are|split|divide|partition|up) )\Z")
"""What a list of parts begins behind, where no word leads to it and it gives no share."""
_DESCRIBED = (
    r"(?:label|annotat|record|collect|export|deliver|check|review|correct|prepar|creat|captur|"
    r"photograph|provid|stor|"
    r"sav|scann|need|want|ask|call|nam|us|releas|locat|delay|decid|work|happen|agre|talk|mov|"
    r"switch|train|convert|transform|translat|turn|chang|divid|partition)\w*ed"
)
"""What is said of how a data set came about, and changes nothing of what is made of it."""
_SPLITS = (
    r"(?:(?:the|its|our|a|his|her|their) )?(?:new )?"
    r"(?:test|testing|train|training|val|validation|eval|evaluation)"
)
"""How parts of a data set are called: "for the test set" says which, "for a training" what it is for."""
_PEOPLE = r"(?:er|or|ist|ant|ent|ian|gue|man)s"
"""How words for people end, for whom something is made: "the auditors", but "the trucks" are data."""
_GROUPS = r"(?:camera|patient|video|scene|sequence|burst|pair|serie|site|person|animal|panorama)s?"
"""What pictures belong to, so that a split may not part them: "they come from three cameras"."""
_UNMET = (
    (_ANY, r"(?:so|such) that (?:it|they|the|each|every|no|all|a|an) [^.;!?]*"),
    (_CHECK, r"(?:you|we|i|to|and|then) (?:split|divide) [^.,;!?]*"),
    (
        _ANY,
        rf"(?:some|several|most|each|every|many|few|part)(?: of)?(?: (?:{DET}|{NOUN}|from|at|under))* §\d+",
    ),
    (_ANY, rf"for {_SPLITS} ?-?(?:set|split|subset|part|data|pictures?|images?|files?|labels?|folder)s?"),
    (_CONVERT, r"for (?:train|val|test)(?= ?[.,;!?¶]| ?\Z| and | or |/)"),
    (_CONVERT, rf"for the (?!\w+{_PEOPLE}(?: |\Z))(?:\w+ )?\w+[^s\W]s(?= ?[.,;!?¶]| ?\Z)"),
    (_ANY, r"in place|if possible|(?:maybe|perhaps|possibly)(?= ?[.!?¶]| ?\Z)"),
    (
        _SPLIT,
        rf"{_GROUPS} (?:is|are|has|have|comes?|belongs?|overlaps?|shows?|contains?|holds?)(?: [^.;!?¶§]*)?"
        rf"|(?:comes?|came|taken|shot|are|is) (?:in|from|of|by|with) (?:(?:a|the|our|their) )?"
        rf"(?:\w+ )?{_GROUPS}",
    ),
    (_SPLIT, r"in (?:(?:the|their|its) )?(?:\w+ )?(?:order|sequence)(?! to )"),
    (_ANY, r"(?:how|why|when|where|who) (?:to|do|does|did|can|is|are|was|¤)\w*"),
    (_WRITING, rf"(?!{_DESCRIBED})\w+ed (?:to|with|into|at|on|by|as) [^.,;!?§]+"),
    (
        _ANY,
        r"(?:i|we|they) (?:have |had |'ve )?(?:trained|fine-tuned|evaluated) (?:it |them |"
        r"a model )?(?:on|with) §\d+",
    ),
)
"""What would be done in another way, though all its words are ordinary."""
_SOUGHT = form(
    rf"for (?!me |us |{FAULT}|(?:(?:the|our|my|a|an|his|her|their|\w+'s) )(?:\w+ )?\w*[^s ](?= |$))[^.,;!?§]+"
)
"""What is looked for in pictures, and what a check does not find; "for the audit" says what it is for."""


def said_in(line: str, action: str) -> Iterator[re.Match[str]]:
    """Yield the phrases of a line that are said of an action; none begins within another."""
    taken: list[tuple[int, int]] = []
    for actions, source in _PHRASES:
        for match in form(source).finditer(line) if action in actions else ():
            first, end = match.span()
            if not any(a < end and first < b for a, b in taken) and _is_meant(line, match):
                taken.append((first, end))
                yield match


def _is_meant(line: str, match: re.Match[str]) -> bool:
    """Whether a phrase is one: "train" alone is a part only behind what leads to one."""
    if (ratio := match.groupdict().get("ratio")) and "/" not in ratio:
        return sum(map(float, re.findall(NUMBER, ratio))) in (1, 10, 100)  # and no time: "5:55"
    parts = match.groupdict().get("parts")
    if parts and re.search(r"(?<![^ ])(?:first|last|next|newest|oldest) \Z", line[: match.start()]):
        return False
    if not parts or re.search(_AMOUNT, parts):
        return True
    if parts != match[0]:
        return not match[0].startswith("for train")  # "prepare X for training"
    return _BEHIND.search(line, max(0, match.start() - 12), match.start()) is not None


def unmet(line: str, head: Head) -> Iterator[re.Match[str]]:
    """Yield what a line wants that the action has no place for, whatever its words are."""
    for actions, source in _UNMET:
        yield from form(source).finditer(line) if head.action in actions else ()
    if head.action == "check":
        yield from _SOUGHT.finditer(line, head.end, head.sentence[1])
