"""How people say things: the phrase patterns of plain-language requests, as data."""

from __future__ import annotations

import re

_NUMBER = r"(\d[\d_,]*(?:\.\d+)?(?:e[-+]?\d+)?k?)"

ACTIONS: tuple[tuple[str, str], ...] = (
    ("gen_trt_engine", r"(?:gen(?:erate)?|build|make|create|compile)\s+(?:an?\s+|the\s+)?"
                       r"(?:(?:fp16|fp32|int8)\s+)?(?:tensorrt\s+|trt\s+)?engine\b"
                       r"|\bgen_trt_engine\b|\bto\s+(?:tensorrt|trt)\b"),
    ("export", r"\bexport(?:ed|ing)?\b|\bconvert\s+(?:\w+\s+)?to\s+onnx\b"),
    ("quantize", r"\bquanti[sz](?:e|ed|ing|ation)\b"),
    ("retrain", r"\bretrain(?:ed|ing)?\b"),
    ("prune", r"\bprun(?:e|ed|ing)\b"),
    ("distill", r"\bdistil(?:l|led|ling|lation)?\b"),
    ("evaluate", r"\b(?:evaluat(?:e|ed|ing|ion)|measure\s+(?:the\s+)?mAP|score\s+it)\b"),
    ("inference", r"\b(?:run\s+)?infer(?:ence|ring)?\b|\bpredict(?:ions?|ing)?\b"),
    ("train", r"\b(?:train(?:ed|ing)?|fine[\s-]?tun(?:e|ed|ing))\b"),
)  # fmt: skip
"""Action and the words for it, the more specific first; order in the sentence makes the chain."""

FIND = re.compile(
    r"\b(?:find|detect|label|locate|look(?:ing)?\s+for|search\s+for|box)\s+(?:all\s+|the\s+|any\s+|every\s+)*"
    r"(?P<what>\"[^\"]+\"(?:(?:\s*,\s*|\s+and\s+|\s+or\s+)+\"[^\"]+\")*|[^.;\n]+?)"
    r"(?=\s+(?:in|on|from|inside|within|using|with\s+(?:grounding|job|the\s+model))\s|[.;\n]|$)",
    re.IGNORECASE,
)
"""What an inference request looks for; ends before the place to look in."""

SETTINGS: tuple[tuple[str, str], ...] = (
    ("num_epochs", rf"\b(?:for\s+)?{_NUMBER}\s*-?\s*epochs?\b|\bepochs?\s*[=:]?\s*{_NUMBER}"),
    ("batch_size", rf"\bbatch(?:[\s_-]?size)?\s*(?:of|=|:|is)?\s*{_NUMBER}"),
    ("learning_rate", rf"\b(?:lr|learning[\s_-]rate)\s*(?:of|=|:|is)?\s*{_NUMBER}"),
    ("train.seed", rf"\bseed\s*(?:=|:|of)?\s*{_NUMBER}"),
)
"""Shorthand or key, and how people say it."""

KEY_VALUE = re.compile(
    r"(?<![\w/:?&.])(?!automl_policy\b)([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)=(\[[^\]]*\]|\"[^\"]*\"|[^\s,;]+)"
)
"""``train.optim.lr=1e-4`` as it stands; the policy has its own words."""

GPUS = re.compile(rf"\b(?:on|with|using)?\s*{_NUMBER}\s*(?:x\s*)?gpus?\b", re.IGNORECASE)
NODES = re.compile(rf"\b(?:on|with|using|across|over)?\s*{_NUMBER}\s*nodes?\b", re.IGNORECASE)
ENGINE_TYPE = re.compile(r"\b(fp16|fp32|int8)\b(?=[^.;]*\bengine\b)", re.IGNORECASE)
PRECISION = re.compile(r"\b(?:in|with|use|using)?\s*(fp16|bf16|fp32)(?:\s+precision)?\b", re.IGNORECASE)

PLATFORMS: tuple[tuple[str, str], ...] = (
    ("slurm", r"\b(?:on|via|with|through|using)\s+(?:the\s+)?slurm(?:\s+cluster)?\b"),
    ("kubernetes", r"\b(?:on|via|with|through|using)\s+(?:the\s+)?(?:kubernetes|k8s)(?:\s+cluster)?\b"),
    ("docker", r"\b(?:in|on|with|via|using)\s+(?:a\s+)?docker(?:\s+container)?\b"),
    ("local", r"\b(?:locally|on\s+(?:this|my)\s+(?:machine|laptop|computer|cpu)|on\s+(?:the\s+)?cpu"
              r"|without\s+docker|on\s+localhost)\b"),
)  # fmt: skip

PARENT_ID = re.compile(
    r"\b(?:from|of|using|with|after|by)?\s*(?:the\s+)?(?:parent\s+)?job\s+([\w][\w-]*\d[\w-]*)", re.IGNORECASE
)
PARENT_LAST = re.compile(
    r"\b(?:from|of|using|with|after)?\s*(?:the|my)?\s*(?:last|latest|previous|most\s+recent)\s+"
    r"(training|train|trained|export|quantization|job|run|model|checkpoint|engine|experiment)"
    r"(?:\s+(?:job|run|model))?\b",
    re.IGNORECASE,
)

LOCATION = re.compile(
    r"(?:\"(?P<quoted>[^\"\n]*[/\\][^\"\n]*)\"|'(?P<single>[^'\n]*/[^'\n]*)'"
    r"|(?<![\w])(?P<bare>(?:[a-z][a-z0-9+.-]*://|~?/|\.{1,2}/|[\w.-]+/)[^\s,;\"']*))",
    re.IGNORECASE,
)
"""Anything that looks like a place: a URI, a path, or a quoted text with a slash."""

FOLDER = re.compile(r"(?<=\bon |\bat |\bin )([\w.-]+\w)(?![\w/:.-])", re.IGNORECASE)
"""A single word that may be a folder here ("train on shapes"); it counts only when it is one."""

_AT = r"\s*(?:on|at|in|into|from|to|under|with|is|=|:)?\s*$"
_DATA = r"(?:\s+(?:data(?:set)?s?|images|set|split))"

LOCATION_ROLES: tuple[tuple[str, str], ...] = (
    ("results", rf"(?:results?|outputs?|(?:save|write|store)(?:\s+\w+)?)\s*(?:dir|folder|root)?{_AT}"),
    ("pretrained", rf"(?:pre-?trained(?:\s+\w+)?|weights|start(?:ing)?\s+from|checkpoint){_AT}"),
    ("eval_dataset", r"(?:evaluat\w*|validat\w*|\bval|\beval|\btest(?:ing|ed)?)\b"
                     rf"(?:\s+(?:it|them|the\s+model|that))?{_DATA}?{_AT}"),
    ("calibration_dataset", rf"calibrat\w*{_DATA}?{_AT}"),
    ("inference_dataset", r"(?:(?:infer|predict)\w*|find|detect|label|locate)\b"
                          r"[^.;]*?(?:on|at|in|from|over)\s*$"),
    ("train_datasets", rf"(?:train(?:ing|ed)?|fine[\s-]?tun\w+){_DATA}{_AT}"),
)  # fmt: skip
"""Role of a location, told by the words right before it."""

FILLER = frozenset(
    # One string keeps the list readable.
    [
        "a",
        "about",
        "ahead",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "could",
        "data",
        "dataset",
        "datasets",
        "do",
        "does",
        "for",
        "from",
        "give",
        "go",
        "got",
        "had",
        "has",
        "have",
        "help",
        "hello",
        "here",
        "hey",
        "hi",
        "how",
        "i",
        "i'd",
        "i'm",
        "i've",
        "if",
        "image",
        "images",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "let",
        "lets",
        "like",
        "make",
        "may",
        "me",
        "model",
        "models",
        "my",
        "need",
        "new",
        "now",
        "of",
        "on",
        "onto",
        "or",
        "our",
        "picture",
        "pictures",
        "place",
        "please",
        "run",
        "set",
        "should",
        "so",
        "some",
        "start",
        "step",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "this",
        "those",
        "to",
        "trained",
        "try",
        "up",
        "us",
        "use",
        "using",
        "want",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
"""Words whose presence changes nothing; what else is left over was not understood."""
