"""Requests about a data set by itself: "convert X to COCO", "check the data set X", "split X 80/20".

No model is named in them, so nothing but the whole sentence says what is meant: it is read by these few forms
as a whole or not at all, and any word beside them leaves it to the reader of requests for runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.model import Question
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.form_words import FORM, form_of
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import is_model_file
from skillbank.plan.request import DataLocation, Request, Setting, clean_uri
from skillbank.plugins import Group, names
from skillbank.visible import one_line
from skillbank.ways import option

__all__ = ["checked_before", "data_request", "line_of", "place_of"]

_SOURCE = "source_dataset"
"""What the skills for data sets call the one that they are given."""
_BELOW = (
    "the data set is written below that folder, in one of the job's own; "
    "the command line's 'data {}' with -o DIR writes into DIR itself"
)
_SPLIT_INTO = ("train", "val", "test")
_OPENING = 10
"""Words, and joints, within which the check of a data set begins and ends."""


def data_request(page: Text, library: Library, skill: Skill | None) -> Request | None:
    """Return what a sentence about a data set asks for; None where it is none, or no skill does such things.

    Parameters
    ----------
    skill
        The skill that an option names; another one than those for data sets reads its words itself.

    Raises
    ------
    UsageError
        When a data set is to be written in a format that is none.
    """
    return _asked(page, len(page.tokens), library, skill)


def checked_before(page: Text, library: Library) -> tuple[Request, str] | None:
    """Return the check of a data set that a text begins with, and the rest of the text, with the place in it.

    "Check X and then train on it" are two requests; what else is made of a data set first, a later step may
    not read, and such a text is no such pair.
    """
    if _CHECKING.isdisjoint(token.text for token in page.tokens[:_OPENING]):
        return None
    for match in islice(page.find(_JOINTS), _OPENING):
        first = _asked(page, match.first, library, None)
        if first is None or first.action != "check" or match.end == len(page.tokens):
            continue
        rest = page.ledger.original[page.tokens[match.end].start :]
        if not any(token.kind == "place" for token in page.tokens[match.end :]):
            uri = first.data[0].uri.replace("\\", r"\\")
            rest = _IT.sub(uri, rest, count=1)
        return first, rest
    return None


def _asked(page: Text, end: int, library: Library, skill: Skill | None) -> Request | None:
    """Return what the words before a token ask for, read as a whole by the forms."""
    line, _ = line_of(page, end)
    words = frozenset(line.split())
    for action, opening, form in _FORMS:
        # Most requests have none of these verbs, and the patterns take long to compile.
        if opening.isdisjoint(words) or (found := _pattern(form).fullmatch(line)) is None:
            continue
        doer = _doer(library, action)
        if is_model_file(page, place_of(page, found["place"])):
            return None
        named = [page.tokens[int(i)].value.skills for i in re.findall(r"@(\d+)", found.group(0))]
        if doer is None or (skill or doer) is not doer or any(list(each) != [doer] for each in named):
            return None
        if unknown := found.groupdict().get("unknown"):
            if not set(unknown.split()).isdisjoint(_OTHER):
                return None
            said = one_line(unknown, 40)
            raise UsageError(f"'{said}' is no format that data sets are written in{_written(doer)}.")
        return _made(page, action, doer, found)
    return None


def _written(skill: Skill) -> str:
    """Say which formats there are, as the skill's schema lists them."""
    schema = skill.schema(skill.action("convert", None))
    node, _ = schema.find(parse_path("convert.to"))
    listed = node.words.get("enum") if node is not None else None
    return f"; there are {', '.join(map(str, listed))}" if isinstance(listed, list) else ""


def _doer(library: Library, action: str) -> Skill | None:
    """Return the skill whose action takes a whole data set, of our own bank: words name no other's."""
    for skill in library.skills:
        if skill.bank == OWN and any(
            each.name == action and any(source.source == _SOURCE for source in each.data_sources)
            for each in skill.actions
        ):
            return skill
    return None


def line_of(page: Text, end: int) -> tuple[str, list[tuple[int, int]]]:
    """Return a text up to a token in small letters, places and names as the numbers of their tokens.

    Beside it where each token begins in it.
    """
    line, starts = "", list[tuple[int, int]]()
    for i, token in enumerate(page.tokens[:end]):
        said = page.ledger.original[token.start : token.end].lower()
        if token.kind == "place" and not re.fullmatch(r"[\d.]+(?:/[\d.]+)+", said):
            said = f"§{i}"  # a share of a whole reads like a path: "0.8/0.2"
        elif token.kind in ("name", "word"):
            said = f"@{i}" if token.kind == "name" else token.text
        if said := " ".join(said.split()):
            starts.append((len(line), i))
            line += f"{said} "
    return line.rstrip(), starts


# -- the forms of the sentences ---------------------------------------------------------------------

_NOUN = (
    r"(?:data ?sets?|data|annotations?|labels?|images?|pictures?|photos?|exports?|folder|directory|archive|"
    r"files?|format)"
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
_DATA = rf"(?:{_DET} )*{_OF}(?:(?:{_DET}|{_NOUN}) )*{_IN}{_PLACE}{_AS}"
_NAMED = rf"(?:{_DET} )*{_OF}(?:{_DET} )*(?:{_NOUN} )(?:(?:{_DET}|{_NOUN}) )*"
_PLEASE = (
    r"(?:(?:please|could you|can you|would you|will you|i want to|i want you to|i would like to|i'd like to|"
    r"i need to|let's|now|kindly|just|hi|hello|hey|first of all|first|to begin with|,) )*"
)
_INTO = (
    r"(?:(?:(?:and|then|,) )*(?:write|save|put|store|place)"
    r"(?: (?:it|them|all|the (?:results?|output|report|data ?set)))? )?"
)
_OUT = (
    rf"(?: {_INTO}(?:,? ?(?:and|then) )?(?:in|into|to|at|under|below|inside)"
    r"(?: the (?:folder|directory))? §(?P<out>\d+))?"
)
_SKIP = (
    r"(?:(?: ,)?(?: and| but)? (?P<skip>skip|skipping|leave out|leaving out|drop|dropping|without)"
    r"(?: (?:the|any|all))? (?:what is broken|whatever is broken|"
    r"broken(?: (?:ones|pictures|images|boxes|files|data|annotations|and|or))*))?"
)
_ELSEWHERE = "|".join(name for name in names(Group.PLATFORMS) if name != "local")
_WHERE = rf"(?: (?:on|in|with|using) (?P<platform>{_ELSEWHERE})| (?P<local>locally|on this machine))?"
_WITH = r"(?: (?:with|using|by|through) (?:the skill )?@\d+)?"
_WHY = r"(?: ?,? (?:before|because|since|as|so that) (?:we|i|they|it) (?:(?!(?:and|then|but) )[^§@.,;:\d])*)?"
_THANKS = r"(?: ?,? please| ?,? thanks| ?,? thank you)?"
_FIRST = r"(?: ?,? first)?"
_END = rf"{_OUT}{_SKIP}{_WHERE}{_WITH}{_FIRST}{_THANKS}{_WHY}{_THANKS} ?[.!?]*"
_TO = (
    rf"(?:a |an |the )?(?P<to>{_FORM})"
    r"(?: (?:format|style|data ?set|annotations|labels|files|json|txt|xml))*"
)
_NUMBER = r"\d+(?:\.\d+)?"
_SHARE = rf"{_NUMBER} ?%?"
_RATIO = rf"\(? ?(?P<ratio>{_SHARE}(?: ?[/:-] ?{_SHARE}){{1,2}}) ?\)?"
_ROLE = (
    r"(?:training|train|validation|validating|valid|val|testing|test)(?: (?:set|split|data|images|pictures))?"
)
_PART = rf"(?:{_SHARE} (?:for |as |to |of |is )?{_ROLE}|{_ROLE}(?: ?:)? \(? ?{_SHARE}(?: ?\))?)"
_PARTS = rf"(?P<parts>{_PART}(?: ?(?:,|and|, and|plus) {_PART})*)"
_NAMES = rf"(?P<names>(?:a |an )?{_ROLE}(?: ?(?:,|and|, and|/) (?:a |an )?{_ROLE})+)"
_MORE = (
    r"(?: ?,? ?(?:and |with )?(?:(?:a |the )?seed (?:of |= ?)?(?P<seed>\d+)"
    r"|(?:grouped )?by (?P<by>near[- ]duplicates|folder|picture)"
    r"|keep(?:ing)? (?:each|every) (?P<kept>folder) together))*"
)
_FAULTS = (
    r"(?: for (?:all |any |its )?(?:errors|faults|mistakes|problems|issues|inconsistencies|anything wrong)"
    r"(?: (?:in|of) (?:it|the annotations|the labels))?)?"
)
_SOUND = (
    r"(?:(?:really|all|still|in) )?(?:okay|ok|fine|valid|good|clean|correct|right|usable|sound|intact|"
    r"complete|consistent|ready(?: for training| to train on)?|good enough|order|good shape|"
    r"free of (?:errors|faults|mistakes))"
)
_BROKEN = (
    r"(?:(?:broken|bad|wrong|corrupt|corrupted|damaged|missing|empty|invalid|unreadable|faulty) )"
    r"(?:pictures|images|photos|files|boxes|labels|annotations|masks)"
)
_OTHER = ("onnx", "engine", "tensorrt", "trt", "torchscript", "openvino", "fp16", "int8")
"""What models are converted to, and no data set."""


_CONVERTS = "convert|transform|turn|change|translate|rewrite|re-export|reexport|export|transcode|write|bring"
_MAKES = "make|create|write|generate|produce"
_CHECKS = "check|inspect|audit|lint|examine"
_DOUBTED = f"validate|verify|{_CHECKS}"
_CHECKING = frozenset([*_DOUBTED.split("|"), "look", "see"])
_LOOKS = (
    r"(?:(?:take|have) a (?:(?:quick|short|first|close|closer) )?look (?:at|into|over)"
    r"|look (?:at|into|over|through)|see (?:what is|what's|what lies) (?:in|at|under))"
)
_JOINTS = "',|'.|';|'and|'then|'afterwards|'next|'after|'that|'before 'you|'we|'i?"
_IT = re.compile(r"\b(?:it|them)\b(?!')")
_SPLITS = "split|divide|partition"

_FORMS: tuple[tuple[str, frozenset[str], str], ...] = tuple(
    (action, frozenset(words.split("|")), form)
    for action, words, form in (
        ("convert", _CONVERTS, rf"(?:{_CONVERTS}) {_DATA} (?:to|into|as|in) {_TO}{_END}"),
        ("convert", _CONVERTS, rf"(?:{_CONVERTS}) {_DATA} from (?P<was>{_FORM}) (?:to|into) {_TO}{_END}"),
        ("convert", _MAKES, rf"(?:{_MAKES}) {_TO} (?:out of|of|from) {_DATA}{_END}"),
        (
            "convert",
            "convert",
            rf"convert {_DATA} (?:to|into) (?:a |an )?(?P<unknown>\w+(?: \w+){{0,2}}){_END}",
        ),
        ("check", _CHECKS, rf"(?:{_CHECKS}) {_DATA}{_FAULTS}{_END}"),
        ("check", "look|see", rf"(?P<look>{_LOOKS}) {_DATA}{_FAULTS}{_END}"),
        ("check", _DOUBTED, rf"(?:{_DOUBTED}) (?:whether|if|that) {_DATA} (?:is|are) {_SOUND}{_END}"),
        ("check", _DOUBTED, rf"(?:{_DOUBTED}) {_NAMED}{_IN}{_PLACE}{_AS}{_FAULTS}{_END}"),
        (
            "check",
            "wrong",
            rf"(?:what is|what's|tell me what is|say what is) wrong (?:with|in) {_DATA}{_END}",
        ),
        (
            "check",
            "is|are",
            rf"(?:is|are) {_DATA} (?:an? )?{_SOUND}(?: {_NOUN})? ?\? ?{_PLEASE}(?:{_DOUBTED})"
            rf"(?: (?:it|them|that))?{_END}",
        ),
        (
            "check",
            "is|are",
            rf"(?:is|are) there (?:any )?{_BROKEN}(?: (?:and|or|,) (?:any )?{_BROKEN})* {_IN}{_PLACE} ?\? ?"
            rf"{_PLEASE}(?:{_DOUBTED}) (?:(?:it|them|that)|(?:{_DET} )*{_NOUN}){_END}",
        ),
        ("split", _SPLITS, rf"(?:{_SPLITS}) {_DATA} (?:into |as |in )?{_RATIO}{_MORE}{_END}"),
        (
            "split",
            _SPLITS,
            rf"(?:{_SPLITS}) {_DATA}(?: ?,)?(?: (?:into|in|as|with|:))? {_PARTS}{_MORE}{_END}",
        ),
        (
            "split",
            _SPLITS,
            rf"(?:{_SPLITS}) {_DATA} (?:into|in) {_NAMES}"
            rf"(?: ?,? (?:as |at |with )?(?:(?:a |the )?share of )?(?:{_RATIO}|{_PARTS}))?{_MORE}{_END}",
        ),
        ("split", _SPLITS, rf"(?:{_SPLITS}) {_DATA}{_MORE}{_END}"),
        (
            "split",
            f"hold|set|{_SPLITS}",
            rf"(?:(?:{_SPLITS}) off|hold out|set aside) (?P<share>{_SHARE}) of {_DATA} (?:for|as) "
            rf"(?P<role>{_ROLE}){_MORE}{_END}",
        ),
    )
)
"""What is asked for, the words of which one begins it, and the form of the whole sentence."""


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(_PLEASE + form)


# -- what they ask for ------------------------------------------------------------------------------


_Parts = Mapping[str, "str | None"]
"""The named parts of a sentence, None where it does not have them."""


def _made(page: Text, action: str, skill: Skill, found: re.Match[str]) -> Request:
    said = found.groupdict()
    settings = dict(_settings(said))
    shares = _shares(said) if action == "split" else {}
    questions = list(_questions(said, shares)) if action == "split" else []
    if shares and not questions:
        settings |= _divided(shares)
    return Request(
        skill=skill.qualified,
        action=action,
        data=(DataLocation(source=_SOURCE, uri=place_of(page, found["place"]), form=_read_as(said)),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items()),
        on_broken="skip" if said.get("skip") else None,
        results_root=place_of(page, said["out"]) if said.get("out") else None,
        platform=said.get("platform") or ("local" if said.get("local") else None),
        questions=tuple(questions),
        notes=tuple(_notes(action, said)),
        text=page.ledger.original,
    )


def _notes(action: str, said: _Parts) -> Iterator[str]:
    """Yield what was decided where the words leave room."""
    if said.get("out") and action != "check":
        yield _BELOW.format(action)
    if look := said.get("look"):
        yield f"'{look}' is taken as a check of the data set"


def _read_as(said: _Parts) -> str:
    """Return the format that a data set is said to have, else nothing."""
    forms = {form_of(text) for name in ("of", "read", "bracketed", "was") if (text := said.get(name))}
    if len(forms) > 1:
        told = " and ".join(sorted(map(str, forms)))
        raise UsageError(f"The data set is said to be read as {told}; keep one of them.")
    return next(iter(forms), None) or ""


def _settings(said: _Parts) -> Iterator[tuple[str, Any]]:
    """Yield the settings that a sentence says in one word each."""
    if to := said.get("to"):
        yield "convert.to", form_of(to)
    if seed := said.get("seed"):
        yield "split.seed", int(seed)
    if (by := said.get("by") or said.get("kept")) and said.get("kept") not in (None, by):
        raise UsageError(f"The data set is said to be split by {by} and by folder; keep one of them.")
    if by:
        yield "split.by", by.replace(" ", "-")


def place_of(page: Text, token: str) -> str:
    """Return the place that a line has as the number of its token."""
    return clean_uri(str(page.tokens[int(token)].value))


def _shares(said: _Parts) -> dict[str, float]:
    """Return the shares of a division as they were said, by split; train has what is left."""
    if text := said.get("ratio"):
        numbers = [float(each) for each in re.findall(_NUMBER, text)]
        names = _names_in(said.get("names")) or list(_SPLIT_INTO)[: len(numbers)]
        return dict(zip(names, numbers, strict=True)) if len(names) == len(numbers) else {}
    shares: dict[str, float] = {}
    text = said.get("parts") or said.get("share") or ""
    for part in re.findall(_PART, text):
        [number], [name] = re.findall(_NUMBER, part), re.findall(_ROLE, part)
        shares[_role(name)] = float(number)
    if share := said.get("share"):
        shares = {_role(str(said["role"])): float(re.findall(_NUMBER, share)[0])}
    left = (100 if "%" in text or max(shares.values(), default=0) > 1 else 1) - sum(shares.values())
    return {"train": left} | shares if shares and left > 0 else shares  # "20% for validation"


def _questions(said: _Parts, shares: dict[str, float]) -> Iterator[Question]:
    """Ask for what was not said of a division, or cannot be."""
    if not shares:
        named = _names_in(said.get("names")) or ["val"]
        for name in (each for each in ("val", "test") if each in named):
            yield Question(
                key=f"split.{name}",
                why=f"how much is for {name}? say for example {option('set', f'{name}=0.1')}",
            )
    elif _whole(shares) is None or "train" not in shares or min(shares.values()) <= 0:
        why = "the shares must be of train and the other splits, and be 100 % together"
        yield Question(key="split.val", why=f"{why}; say for example {option('set', 'val=0.2')}")


def _divided(shares: dict[str, float]) -> dict[str, str]:
    """Return the settings that divide by shares; without one there is no val."""
    whole = _whole(shares) or 1
    parts = (name for name in ("val", "test") if name in shares)
    said = {f"split.{name}": f"{round(shares[name] / whole, 6):g}" for name in parts}
    return said | ({} if "val" in shares else {"split.val": ""})


def _whole(shares: dict[str, float]) -> float | None:
    """Return what shares are parts of: 100, 10 or 1; None where they are parts of nothing."""
    total = sum(shares.values())
    return next((whole for whole in (100.0, 10.0, 1.0) if abs(total - whole) < 1e-6), None)


def _names_in(text: str | None) -> list[str]:
    return [_role(each) for each in re.findall(_ROLE, text or "")]


def _role(word: str) -> str:
    return next(
        name for start, name in (("tr", "train"), ("v", "val"), ("te", "test")) if word.startswith(start)
    )
