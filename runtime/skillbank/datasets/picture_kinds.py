"""What can be wrong with the pictures of a data set."""

from __future__ import annotations

from skillbank.datasets.kinds import DROP_PICTURE, ERROR, NOTE, WARNING, Kind, table
from skillbank.ways import Sentence, command

__all__ = ["PICTURES"]

PICTURES = table(
    Kind("picture-missing", ERROR, "pictures that are not there", "bring them", DROP_PICTURE),
    Kind("picture-broken", ERROR, "pictures that cannot be decoded",
         "copy them again from where they came, or remove them", DROP_PICTURE),
    Kind("picture-emptied", NOTE, "pictures of which no box is left, which would teach that nothing is there",
         "", DROP_PICTURE),
    Kind("size-disagrees", ERROR,
         "pictures of another size than the annotations state, with boxes that do not tell which is right",
         "see whether these are the pictures that were annotated, and correct width and height",
         DROP_PICTURE),
    Kind("size-mistaken", ERROR,
         "pictures whose stated size is wrong: their boxes fit the size of the file",
         "correct width and height", "take the size of the file"),
    Kind("size-turned", WARNING,
         "pictures whose width and height are stated as stored; their EXIF orientation shows them turned",
         "state the size of the upright picture", "take the size of the upright picture"),
    Kind("size-scaled", WARNING, "pictures that were made smaller or larger after their boxes were drawn",
         "nothing: the boxes are scaled along", "scale the boxes along"),
    Kind("picture-shared", WARNING, "pictures that stand in several splits",
         "leave each in one split; what was learned by heart is no measure",
         "drop the picture from the split that is trained on"),
    Kind("picture-near", WARNING, "pictures that look the same in several splits",
         Sentence(f"divide the pictures anew with look-alikes kept together ({command('data split')})")),
    Kind("picture-twice", WARNING, "pictures that stand twice in the same split",
         "leave one entry, with all of its boxes", "drop the later entry where its boxes are the same"),
    Kind("picture-copies", WARNING, "pictures that are another one of their split, byte for byte",
         "leave one of them, with all of its boxes"),
    Kind("picture-cut", WARNING, "JPEG files without an end, whose lower part may be blank",
         "copy them again"),
    Kind("picture-unmarked", NOTE, "pictures without a box", "nothing if they show what is not to be found"),
    Kind("masks-aside", NOTE,
         "masks of segmentation, which are neither pictures to learn from nor read as annotations",
         "nothing: they are left out; boxes are read from annotations alone"),
    Kind("picture-unnamed", NOTE, "pictures of no split and no annotation", "nothing: they are left out"),
    Kind("picture-alike", NOTE, "pictures that look the same within a split", "nothing: frames of a film do"),
    Kind("picture-deep", NOTE, "pictures with more than 8 bits a colour",
         "nothing: they are scaled by the range of the data set"),
    Kind("picture-frames", NOTE, "files of several frames", "nothing: the first one counts"),
    Kind("picture-colours", NOTE, "pictures in colours other than RGB or grey",
         "nothing: they are converted"),
)  # fmt: skip
