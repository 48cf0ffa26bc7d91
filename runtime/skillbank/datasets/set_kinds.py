"""What can be wrong with the classes and the splits of a data set."""

from __future__ import annotations

from skillbank.datasets.kinds import DROP_PICTURE, ERROR, NOTE, WARNING, Kind, table

__all__ = ["SETS"]

SETS = table(
    Kind(
        "label-contradicts",
        ERROR,
        "boxes whose label and category contradict each other",
        "correct the label map or the labels",
    ),
    Kind(
        "labels-shifted",
        ERROR,
        "boxes whose labels seem to be one too high",
        "see whether labels and list of classes count from the same number",
    ),
    Kind(
        "classes-alike",
        ERROR,
        "classes that are one to a prompt, which knows no capitals and no full stops",
        "merge them or tell them apart by words",
        "merge them",
    ),
    Kind(
        "classes-case",
        WARNING,
        "classes whose names differ only in case",
        "where they are one class, give both one name",
    ),
    Kind("class-nameless", ERROR, "classes without a name", "name them"),
    Kind("class-too-long", ERROR, "names longer than any prompt", "shorten them"),
    Kind(
        "split-lost",
        ERROR,
        "splits of which nothing is left without what is broken",
        "see whether this is the right folder, and the right annotations for it",
    ),
    Kind(
        "split-unmarked",
        ERROR,
        "splits whose pictures nobody annotated",
        "bring their annotations, or move the pictures away",
    ),
    Kind(
        "class-empty",
        ERROR,
        "classes of folders without a picture",
        "bring pictures of them, or remove the folder and the name",
    ),
    Kind("class-twice", ERROR, "names that stand twice in a list of classes", "keep each once"),
    Kind(
        "class-only-measured",
        ERROR,
        "classes to validate on that training lacks",
        "bring pictures of them to learn from, or remove them",
    ),
    Kind(
        "picture-loose",
        WARNING,
        "pictures in no folder of a class, which are left out",
        "move them into the folder of their class",
    ),
    Kind(
        "test-undrawn",
        NOTE,
        "no picture has a mask: good for inference alone",
        "draw masks to evaluate on it",
    ),
    Kind("mask-missing", ERROR, "pictures without a mask", "draw it, or move the picture away", DROP_PICTURE),
    Kind("mask-broken", ERROR, "masks that cannot be read", "save them anew as PNG", DROP_PICTURE),
    Kind(
        "mask-size",
        ERROR,
        "masks of another size than their picture",
        "draw them on this picture",
        DROP_PICTURE,
    ),
    Kind(
        "mask-value",
        ERROR,
        "masks with values that mean no class",
        "say what they mean (palette.json, classes.txt), or correct them",
    ),
    Kind("mask-empty", WARNING, "masks without a pixel of any class", "nothing, where none is there"),
    Kind("mask-alone", WARNING, "masks without a picture, which are left out", "bring their pictures"),
    Kind("mask-undrawn", WARNING, "objects with a box and no outline, which are in no mask", "outline them"),
    Kind("split-empty", ERROR, "splits without a picture", "bring their pictures, or remove them"),
    Kind("nothing-to-learn", ERROR, "splits to learn from without a box", "mark some objects"),
    Kind(
        "nothing-to-measure",
        ERROR,
        "splits to validate on without a box: there is nothing to measure",
        "mark some objects, or validate on another split",
    ),
    Kind(
        "annotations-unread",
        ERROR,
        "files that are or may be annotations, beside pictures, of no format that is recognised",
        "correct what describes them (data.yaml, classes.txt), unpack them, or export them anew as boxes in "
        "COCO, YOLO or Pascal VOC; until then nothing can be learned from these pictures",
    ),
    Kind(
        "class-identifier",
        WARNING,
        "names of classes that look like identifiers",
        "write what a person would say: a model reads them as words",
    ),
    Kind(
        "class-full-stop",
        WARNING,
        "names of classes with a full stop or question mark, which separate descriptions in a prompt",
        "write them without",
    ),
    Kind(
        "class-long",
        WARNING,
        "names of classes that hardly fit into a prompt",
        "say it in a few words",
    ),
    Kind(
        "class-not-learned",
        WARNING,
        "classes that are validated but have no box to learn from",
        "mark some in the training split, or leave them out of the validation",
    ),
    Kind(
        "class-imbalance",
        WARNING,
        "classes with less than a hundredth of the boxes of the largest",
        "collect more of them, or expect little",
    ),
    Kind("test-unmarked", WARNING, "splits to test on without a box", "mark some objects before measuring"),
    Kind("class-unused", NOTE, "classes without a box", "nothing, or remove them"),
    Kind("class-not-measured", NOTE, "classes that are learned but have no box to validate on", "nothing"),
    Kind(
        "class-letters",
        NOTE,
        "names of classes in other than Latin letters",
        "use a text encoder that knows the language",
    ),
    Kind(
        "prompt-long",
        NOTE,
        "lists of classes longer than one prompt of 256 tokens, by estimate",
        "nothing: each prompt holds a part of them; or raise model.max_text_len",
    ),
)
