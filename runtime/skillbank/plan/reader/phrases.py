"""The actions there are, and the phrases of several words that ask for one."""

from __future__ import annotations

__all__ = ["ACTIONS", "ENGINE", "NOUNS", "PHRASES"]

ACTIONS = (
    "train",
    "evaluate",
    "export",
    "quantize",
    "prune",
    "distill",
    "inference",
    "gen_trt_engine",
    "dataset_convert",
)

OF = (
    "group.det|group.it|free.adjective|free.noun|free.glue|@name|@job|@place|^value|^job|^place|"
    "places.weights.before|'from|'of|group.model"
)
NOUNS = "|".join(f"actions.{action}.{form}" for action in ACTIONS for form in ("nouns", "ing"))
ENGINE = "actions.words.engine"
_TO = "'to|'into|'as|'in"
PHRASES: tuple[tuple[str, str], ...] = (
    ("gen_trt_engine",
        "verb=actions.words.make|^value group.det|free.adjective|free.glue|@name|^value* other=~word? "
        f"{ENGINE} free.noun?"),
    ("gen_trt_engine",
        f"verb=actions.words.convert {OF}|actions.words.onnx|actions.export.past* {_TO}|'with|"
        f"'using|'for|'by group.det|^value|free.adjective* {ENGINE} free.noun?"),
    ("gen_trt_engine", "actions.gen_trt_engine.nouns"),
    ("gen_trt_engine",
        "'and|'then|',|'plus|'also|'finally|';|':|'.|'-|'to|'into|@mark+ group.det|^value|"
        f"free.adjective|'to|'into* {ENGINE} free.noun?"),
    ("export",
        f"verb=actions.words.convert {OF}* {_TO} group.det|free.adjective* actions.words.onnx "
        "free.noun?"),
    ("export",
        "verb=actions.words.make group.det|free.adjective|free.glue|@name* actions.words.onnx "
        "free.noun|actions.export.base|'of|'from|'for?"),
    *((a, f"verb='repeat|'redo|'rerun group.det|'whole* actions.{a}.nouns") for a in ACTIONS[:-1]),
    *(
        (action,
        "verb=actions.words.make 'is? group.det|free.adjective|@name|^value* "
        f"actions.{action}.past @name? group.model|@name?")
        for action in ("quantize", "distill")
    ),
    ("evaluate",
        "verb=actions.words.measure group.it? group.det|free.adjective|free.adverb|'out|free.glue* "
        f"actions.words.metric {OF}* 'is|'does|'performs|'works|'on|'scores?"),
    ("evaluate",
        f"verb=actions.words.measure 'how 'well|'good|'accurately|'precisely? {OF}* 'performs|"
        "'does|'works|'perform|'do|'work|'performing|'doing|'behaves"),
    ("evaluate",
        f"verb=actions.words.test what={OF}|{ENGINE}|actions.quantize.past+ &'on|'against|'with|"
        "'using|'over|'in|'at|'by|^place"),
    ("evaluate", "verb=actions.words.test &'on|'against|@name|^job|^place"),
    ("evaluate",
        "verb='compare|'comparing group.it|group.det|free.adjective|free.noun|@name|^job|'and|'with|"
        "'against|'to|'versus|'vs|',+"),
    ("inference",
        f"verb=actions.words.apply what={OF}|{ENGINE}|places.data.models|actions.inference.nouns+ &'on|'over|"
        "'against|'through|'across|'to|'at|^place"),
    ("inference",
        "verb=actions.words.apply group.det|free.adjective* what=@name other=~word other=~word? "
        "&'on|'over|'against|'for|^place"),
    ("inference", "verb=actions.words.sort group.det|free.adjective|free.noun|group.it|group.prep* ^place"),
    ("inference", "verb=actions.words.sort group.it &'with|'using|'by|'via|^job"),
    ("inference",
        "verb=actions.words.sort group.det|free.adjective* other=~word|'and|'or+ group.prep+ ^place"),
    ("dataset_convert",
        "verb='convert|'converting|'transform|'transforming group.det|free.adjective|@name* "
        "places.data.nouns|^place"),
    ("inference",
        "verb=actions.words.make group.det|free.adjective|'predicted|'me|'us|free.glue* "
        "actions.words.boxes &'on|'for|'of|'from|'over|'in|^place"),
)  # fmt: skip
