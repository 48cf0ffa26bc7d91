"""Which actions a request asks for: in which order, and which it only talks about.

A verb in its base form asks (``V``). A noun asks (``G``) unless it names something that exists. A participle
asks (``T``) only where something is to be done to the model ("I need it evaluated").
"""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import ACTION_NOUNS, ACTION_VERBS, forms, rx


@dataclass(frozen=True, slots=True)
class Mention:
    """An action that a text speaks of.

    Attributes
    ----------
    action
        Its name.
    weak
        Counts only where the same action is not asked for in plainer words.
    alone
        Counts only where nothing else is asked for.
    engine
        It is to be done with an engine.
    """

    action: str
    weak: bool = False
    alone: bool = False
    engine: bool = False


def _table(kinds: tuple[str, ...]) -> dict[str, str]:
    return {w: a for a, verbs in ACTION_VERBS.items() for v in verbs for k in kinds for w in forms(v)[k]}


_BASE = _table(("base",))
_PAST = _table(("past",))
_ING = _table(("ing",))
_THIRD = _table(("third",))
_NOUN = {w: a for a, nouns in ACTION_NOUNS.items() for w in nouns}

_OBJECT = r"(?:<det*><adj*>(?:S )*(?:N |J )?(?:S )*)"
_PHRASES: tuple[tuple[str, str, str], ...] = (
    # (kind, action, pattern); the words go, atoms among them stay
    (
        "V",
        "gen_trt_engine",
        rf"<make> {_OBJECT}(?:tensorrt )?(?:S )*(?:inference )?engines?(?: (?:file|plan|build|out "
        r"of it|from it|of it|from that|from the export|from the onnx(?: file)?|out of that|out "
        r"of the onnx(?: file)?|of that))?",
    ),
    (
        "V",
        "gen_trt_engine",
        r"<make_to> (?P<what>(?:it|that|this|<det*><adj*>(?:N|P|J|onnx|model|result|file|export"
        r"|exported|onnx file|onnx model|resulting|the|network|of|from|at))(?: (?:N|P|J|onnx|model"
        r"|file|export|of|from))*) (?:in)?to (?:S )*(?:<det?>(?:S )*(?:tensorrt )?(?:S )*engine"
        r"|<det?>tensorrt(?: format| plan)?)",
    ),
    (
        "V",
        "gen_trt_engine",
        r"(?:need|want|would like|like|require|get|give me|request|have|produce) <det*><adj*>(?:N "
        r")?(?:S )*(?:tensorrt )?(?:S )*(?:N )?engine(?: (?:file|plan|built|made))?",
    ),
    (
        "V",
        "gen_trt_engine",
        r"(?:<det?>(?:engine|tensorrt)(?: engine)? (?:build|building|generation|creation"
        r"|conversion|compilation))",
    ),
    (
        "V",
        "gen_trt_engine",
        r"(?:optimi[sz]e|compile|accelerate) (?P<what>(?:it|<det*>(?:N|model|onnx|P|J)(?: "
        r"model)?)) (?:with|for|using|by) tensorrt",
    ),
    ("+", "gen_trt_engine", r"(?:and |and then )?(?:in)?to <det?>(?:S )*tensorrt(?: engine| format| plan)?"),
    (
        "V",
        "export",
        r"<make_to> (?P<what>(?:it|that|this|<det*><adj*>(?:N|P|J|model|result|checkpoint|trained"
        r"|network|weights|run|training|job))(?: (?:N|P|J|model|checkpoint|file|of|from|weights"
        r"|network|result|trained))*) (?:in)?(?:to|as|in) <det?>onnx(?: (?:file|model|format"
        r"|graph))*",
    ),
    (
        "V",
        "export",
        r"(?:need|want|would like|like|require|get|give me|make|create|generate|produce|write|have"
        r"|build|prepare|request|do|run) <det*><adj*>(?:N )?onnx(?: (?:file|model|export|version"
        r"|graph|format|of|from|for|conversion))*",
    ),
    ("V", "export", r"onnx (?:export|conversion)(?: of| for)?"),
    (
        "V",
        "export",
        r"(?:need|want|would like|like|require|get|give me|request|have) <det*><adj*>(?:(?:N|J|model|it|them"
        r"|trained|checkpoint|detector|network|weights|from|of|<det>) )+(?:in|as|into|to) <det?>onnx"
        r"(?: (?:file|model|format|graph|form|version))*",
    ),
    (
        "V",
        "quantize",
        r"(?:need|want|would like|like|require|get|give me|request|have|make|create|produce) <det*><adj*>"
        r"(?:N )?(?:S |int8 |8 bit )*(?:N )?(?:quanti[sz]ed (?:N )?(?:<model>|N)|quantization)"
        r"(?: (?:of|for|from))?",
    ),
    (
        "V",
        "quantize",
        r"(?:need|want|would like|like|require|get|give me|request|have|make|create|produce) <det*><adj*>"
        r"(?:N )?(?:S )+(?:N )?(?:model|checkpoint|weights|version|variant)(?: (?:of|for|from))?",
    ),
    (
        "V",
        "inference",
        r"(?:need|want|would like|require|get|give me|request|produce|create|generate|make|show me|send me)"
        r" (?:<det>|<adj>|me|us|some)* ?(?:predicted |bounding |auto )?(?:predictions?|detections?|labels"
        r"|boxes|pseudo labels|annotations)(?= (?:(?:on|for|of|from|over|in|with|using|by|<det>|<data>|N|J"
        r"|all|new|,) )+P)",
    ),
    (
        "T",
        "export",
        r"(?:converted|turned|transformed|translated|written|dumped|saved|brought) (?:in)?(?:to|as) <det?>"
        r"onnx(?: (?:file|model|format|graph))*",
    ),
    (
        "T",
        "gen_trt_engine",
        r"(?:converted|turned|transformed|translated|compiled|built|made|brought) (?:in)?(?:to|as)"
        r" <det?>(?:S )*(?:tensorrt )?(?:S )*(?:engine|tensorrt)",
    ),
    (
        "?",
        "export",
        r"(?:(?:has|have|needs?|is|should|must|shall|wants) (?:to )?)?(?:go |get |become |be |going )?"
        r"(?:(?:in)?to|as|in|then) <det?>onnx(?: (?:file|model|format|graph))*(?= (?:,|\.|;|!|\)|with|and"
        r"|then"
        r"|S|in|on|please|\()|$| $)",
    ),
    ("", "", r"(?:in)?(?:to|as|in) <det?>onnx(?: (?:file|model|format|graph))*"),
    (
        "V",
        "evaluate",
        r"(?:measure|compute|calculate|check|determine|report|get|need|want|would like|require|obtain|test"
        r"|give me|tell me|know"
        r"|work out|find out|assess|see|verify|produce|quantify|establish) (?:the |its |us |a |me "
        r"|out |some )*(?:mean average precision|map|map50|map scores?|accuracy|metrics|quality"
        r"|performance|average precision|how (?:good|well|accurate)(?: (?:it|N|the model|J"
        r"|that))?(?: (?:is|does|performs|works|do))?|scores?|precision|recall|ap|ap50"
        r"|numbers)(?: (?:of|for|on what))?",
    ),
    (
        "V",
        "evaluate",
        r"(?:test|validate|verify|try out|check) (?P<what>(?:it|them|that|<det*><adj*>(?:N|J|model"
        r"|trained|result|engine|checkpoint|detector|quantized|network)(?: (?:model|engine"
        r"|checkpoint|N|J))*))(?= (?:on|against|with|using|over|in|from|at|,|\.|and|P|J|then|for"
        r"|by)|$| $)",
    ),
    (
        "T",
        "evaluate",
        r"(?<=be )(?:tested|validated|checked|verified|measured)(?= (?:on|against|with|using|over))",
    ),
    ("V", "evaluate", r"(?:test|validate)(?= (?:on|against|with|using|N|P|J))"),
    (
        "V",
        "inference",
        r"(?<!N )(?<!the )(?<!from )(?<!of )(?<!in )(?:run|apply|use|execute|try|let) "
        r"(?P<what>(?:it|<det*><adj*>(?:N|J|model|engine|trained|detector|tensorrt|network|S"
        r"|checkpoint)(?: (?:model|engine|N|J|S|loose|run|out|detector|from|checkpoint|of))*))(?= "
        r"(?:, )?(?:on|over|against|through|across|to|at) (?:<det*><adj*>(?:<data> )*)?P)",
    ),
    ("V", "train", r"(?:continue|resume|restart) (?:it|this|that|<det?>N)(?= )"),
    ("V", "train", r"(?:make|let|have) <det*>(?P<what>(?:N|model|it)) learn"),
    (
        "V",
        "gen_trt_engine",
        r"then <det?>(?:S )*(?:tensorrt )?(?:S )*engine(?= (?:,|\.|then|;|!|in S|S|with|from|for)"
        r"|$| $)",
    ),
    (
        "V",
        "gen_trt_engine",
        r"(?<=[VG,] )(?:and |, |plus |finally |then )*(?:an?|one|another) <adj*>(?:S )*"
        r"(?:tensorrt )?(?:S )*engine",
    ),
    (
        "V",
        "gen_trt_engine",
        r"(?:and |, |plus |then |also |finally )+(?:an?|one|another) <adj*>(?:S )*(?:tensorrt )?(?:S )*engine"
        r" (?:out )?(?:of|from) (?:it|that|this|<det?>(?:export|result|onnx(?: file)?))",
    ),
    (
        "V",
        "dataset_convert",
        r"(?:convert|transform) <det*><adj*>(?:annotations|dataset|data|labels)(?: (?:format|to "
        r"(?:coco|odvg|kitti|tfrecords?)))?",
    ),
)
_COMPILED = [(kind, action, rx(pattern)) for kind, action, pattern in _PHRASES]
_ENGINE = rx(
    r"<det*><adj*>(?:S )*(?:tensorrt )?(?:S )*(?:N )?(?:tensorrt )?engines?(?: file)?(?: (?:of"
    r"|from) (?=J|N))?|tensorrt(?: model| engine)?"
)
_FROM_EXPORT = rx(
    r"(?P<engine>engine(?: (?:(?!(?:and|then|please|to|export|run|use|evaluate) )[a-z]\S*|N|S|,|\(|\)|:"
    r"|;)){0,12}?) "
    r"<det*>(?:onnx )?export (?:(?:job|run|is|was|:|=|from|number|in|of) )*(?P<job>J)"
)
"""An engine named with the job of an export: the job is what it is built from."""


def mark(text: Text) -> None:
    """Turn the words for actions into ``V``, ``G`` and ``T``."""
    for kind, action, pattern in _COMPILED:
        text.rewrite(pattern, lambda found, kind=kind, action=action: _phrase(found, kind, action))  # type: ignore[misc]
    _mark_engines(text)
    text.rewrite(_FROM_EXPORT, lambda found: [*found.tokens("engine"), *found.tokens("job")])
    for i, token in enumerate(text.tokens):
        word = token.text
        if word in ("tunehyper", "usehyper"):
            token.text, token.value = "V", Mention("train", weak=True, alone=word == "usehyper")
        elif word in _BASE and not (word in _NOUN and _is_noun(text, i)):
            token.text, token.value = "V", Mention(_BASE[word])
        elif word in _PAST and word not in _BASE:
            token.text, token.value = "T", Mention(_PAST[word])
        elif word in _NOUN or word in _ING:
            token.text, token.value = "G", Mention(_NOUN.get(word) or _ING[word])
        elif word in _THIRD:
            token.text, token.value = "T", Mention(_THIRD[word])
    text.replace(0, 0)


def _is_noun(text: Text, at: int) -> bool:
    before = text.tokens[at - 1].text if at else "."
    if before in ("J", "N") and text.tokens[at].text != "train":
        return False
    return before in (
        "the",
        "an",
        "a",
        "that",
        "this",
        "my",
        "our",
        "last",
        "onnx",
        "of",
        "first",
        "no",
        "any",
        "its",
    )


def _phrase(found: Found, kind: str, action: str) -> list[Token] | None:
    kept = found.kept("NPJS")
    if kind == "?":
        kind = "" if _is_led(found) else "V"
    if not kind:
        return kept
    if kind == "+":
        # "export to TensorRT" is both; "convert it to TensorRT" was the engine alone.
        return [found.one("V", Mention(action)), *kept]
    engine = action != "gen_trt_engine" and any(t.text in ("engine", "tensorrt") for t in found.tokens())
    return [found.one("V", Mention(action, engine=engine)), *kept]


def _is_led(found: Found) -> bool:
    """Whether what goes into the format is the object of a verb before, or nothing is there that could go."""
    first = next((a for a, b in found.text.sentences() if a <= found.first < b), 0)
    before = found.text.tokens[first : found.first]
    led = any(t.text in _EXPORTS or rx.is_one_of(t.text, "make_to") or t.text == "V" for t in before)
    return led or not any(t.text in "NJP" or t.text in ("model", "it", "checkpoint") for t in before)


_EXPORTS = frozenset(w for forms_ in forms("export").values() for w in forms_) | {
    "exporting",
    "quantize",
    "need",
}


def _mark_engines(text: Text) -> None:
    """An engine that is there already is what the action beside it works on."""
    text.rewrite(_ENGINE, lambda found: [found.one("engine"), *found.kept("NS")])
