"""What can be wrong with a data set that a check of all its pictures and boxes finds."""

from __future__ import annotations

from skillbank.datasets.kinds import DROP_BOX, DROP_PICTURE, ERROR, NOTE, WARNING, Kind, table

__all__ = ["CHECKING"]

CHECKING = table(
    # Pictures.
    Kind("picture-missing", ERROR, "pictures that are not there", "bring them", DROP_PICTURE),
    Kind(
        "picture-broken",
        ERROR,
        "pictures that cannot be decoded",
        "copy them again from where they came, or remove them",
        DROP_PICTURE,
    ),
    Kind(
        "size-disagrees",
        ERROR,
        "pictures of another size than the annotations state, with boxes that do not tell which is right",
        "see whether these are the pictures that were annotated, and correct width and height",
        DROP_PICTURE,
    ),
    Kind(
        "size-mistaken",
        ERROR,
        "pictures whose stated size is wrong: their boxes fit the size of the file",
        "correct width and height",
        "take the size of the file",
    ),
    Kind(
        "boxes-stored",
        ERROR,
        "pictures whose boxes fit them as they are stored, not as their EXIF turns them upright",
        "turn the pictures for good and remove their EXIF orientation, or turn the boxes",
    ),
    # Boxes, all of a split at once.
    Kind(
        "boxes-fractions",
        ERROR,
        "boxes in fractions of the picture where pixels are meant",
        "multiply x by the width and y by the height of the picture",
    ),
    Kind(
        "boxes-scaled",
        ERROR,
        "boxes in parts of a scale where pixels are meant",
        "divide by the scale and multiply by the size of the picture",
    ),
    Kind(
        "boxes-xywh",
        ERROR,
        "boxes written as x, y, width, height where two corners are meant",
        "write x + width and y + height as the second corner",
    ),
    Kind(
        "boxes-xyxy",
        ERROR,
        "boxes written as two corners where x, y, width, height are meant",
        "write x2 - x1 and y2 - y1 as width and height",
    ),
    Kind(
        "boxes-centres",
        ERROR,
        "boxes written as centre, width, height where the upper left corner is meant",
        "take half of width and height from the centre",
    ),
    Kind(
        "boxes-two-corners",
        ERROR,
        "boxes written as two corners where centre, width, height are meant",
        "write the middle between the corners, and x2 - x1 and y2 - y1 as width and height",
    ),
    Kind(
        "boxes-corners",
        ERROR,
        "boxes written as upper left corner, width, height where the centre is meant",
        "add half of width and height to the corner",
    ),
    Kind(
        "boxes-yxyx",
        ERROR,
        "boxes with x and y in each other's place",
        "write x before y",
    ),
    Kind(
        "boxes-reach-out",
        ERROR,
        "boxes that reach out of their picture, too many for single slips",
        "see in which way and for pictures of which size they are written; if they are meant, cut them to "
        "the pictures yourself",
    ),
    # Boxes, one by one.
    Kind("box-not-finite", ERROR, "boxes with a number that is none", "correct them", DROP_BOX),
    Kind("box-empty", ERROR, "boxes without width or height", "draw them again or remove them", DROP_BOX),
    Kind(
        "box-reversed",
        ERROR,
        "boxes whose second corner lies before the first",
        "write the upper left corner first, if they are corners",
        DROP_BOX,
    ),
    Kind("box-beyond", ERROR, "boxes wholly outside of their picture", "correct or remove them", DROP_BOX),
    Kind(
        "box-outside",
        ERROR,
        "boxes that reach out of their picture",
        "correct them, or the size of the picture",
        "clip",
    ),
    # Labels and sets.
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
    # What a job survives.
    Kind(
        "size-turned",
        WARNING,
        "pictures whose width and height are stated as stored; their EXIF orientation shows them turned",
        "state the size of the upright picture",
        "take the size of the upright picture",
    ),
    Kind(
        "size-scaled",
        WARNING,
        "pictures that were made smaller or larger after their boxes were drawn",
        "nothing: the boxes are scaled along",
        "scale the boxes along",
    ),
    Kind(
        "picture-shared",
        WARNING,
        "pictures that stand in several splits",
        "leave each in one split; what was learned by heart is no measure",
        "drop the picture from the split that is trained on",
    ),
    Kind(
        "picture-near",
        WARNING,
        "pictures that look the same in several splits",
        "divide the pictures anew with look-alikes kept together (skillbank data split)",
    ),
    Kind(
        "picture-twice",
        WARNING,
        "pictures that stand twice in the same split",
        "leave one entry, with all of its boxes",
        "drop the later entry where its boxes are the same",
    ),
    Kind(
        "picture-copies",
        WARNING,
        "pictures that are another one of their split, byte for byte",
        "leave one of them, with all of its boxes",
    ),
    Kind(
        "picture-cut", WARNING, "JPEG files without an end, whose lower part may be blank", "copy them again"
    ),
    Kind("box-twice", WARNING, "boxes that stand twice", "leave one of them", "drop the second"),
    Kind("box-tiny", WARNING, "boxes less than 2 pixels wide or high", "see whether they mark anything"),
    Kind(
        "boxes-perhaps-xywh",
        WARNING,
        "boxes that all lie as if they were x, y, width, height",
        "look at some of them (skillbank data show)",
    ),
    Kind(
        "boxes-perhaps-scaled",
        WARNING,
        "boxes that all lie in a corner, as if in percent or thousandths of the picture",
        "look at some of them (skillbank data show)",
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
    # How things were taken.
    Kind(
        "box-rounded",
        NOTE,
        "boxes that reach out by rounding",
        "nothing: they are cut to the picture",
        "clip",
    ),
    Kind("box-two-classes", NOTE, "boxes that are marked with several classes", "nothing if that is meant"),
    Kind("picture-unmarked", NOTE, "pictures without a box", "nothing if they show what is not to be found"),
    Kind(
        "masks-aside",
        NOTE,
        "masks of segmentation, which are neither pictures to learn from nor read as annotations",
        "nothing: they are left out; boxes are read from annotations alone",
    ),
    Kind("picture-unnamed", NOTE, "pictures of no split and no annotation", "nothing: they are left out"),
    Kind("picture-alike", NOTE, "pictures that look the same within a split", "nothing: frames of a film do"),
    Kind(
        "picture-deep",
        NOTE,
        "pictures with more than 8 bits a colour",
        "nothing: they are scaled by the range of the data set",
    ),
    Kind("picture-frames", NOTE, "files of several frames", "nothing: the first one counts"),
    Kind(
        "picture-colours", NOTE, "pictures in colours other than RGB or grey", "nothing: they are converted"
    ),
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
