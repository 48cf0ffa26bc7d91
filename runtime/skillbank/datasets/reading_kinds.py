"""What can be wrong with annotations that is found in reading them."""

from __future__ import annotations

from skillbank.datasets.kinds import DROP_BOX, DROP_PICTURE, ERROR, NOTE, WARNING, Kind, table
from skillbank.ways import Sentence, option

__all__ = ["READING"]

READING = table(
    Kind("unreadable-annotation", ERROR, "entries that cannot be read", "correct them", "drop the entry"),
    Kind("unknown-class", ERROR, "boxes of a class that the list of classes lacks", "complete the list",
         DROP_BOX),
    Kind("id-twice", ERROR, "pictures whose id another one has too, so that nobody knows whose the boxes are",
         "number the entries anew", DROP_PICTURE),
    Kind("annotation-missing", ERROR, "pictures that a list names and nobody annotated",
         "annotate them, or take them out of the list", DROP_PICTURE),
    Kind("size-unknown", ERROR, "pictures with boxes in shares of a size that nothing says",
         "bring the pictures", DROP_PICTURE),
    Kind("names-another", WARNING,
         "annotation files that name another picture than the one of their own name, which is taken",
         "correct the name in them"),
    Kind("several-answers", WARNING,
         "pictures that were annotated several times, of which the checked or else the newest is taken",
         "keep one annotation of each"),
    Kind("picture-inside", WARNING, "pictures that lie only inside their annotation file (imageData)",
         "write them to files with labelme_export_json"),
    Kind("turned-view", WARNING,
         "pictures that were turned while they were annotated, whose boxes may be turned with them",
         "look at them"),
    Kind("label-shared", WARNING,
         "label files of two pictures whose names differ in the ending alone, so that both have its boxes",
         "name the pictures apart, and leave each its own label file"),
    Kind("format-aside", WARNING, "annotations of a second format, which are not read",
         Sentence(f"remove those that are not meant, or say which are with {option('format')}")),
    Kind("not-utf8", WARNING, "files that are not UTF-8, whose encoding is guessed",
         "look at names with other letters than a to z, and save the files as UTF-8 where they are wrong"),
    Kind("mark-left-out", WARNING,
         "marks that enclose nothing (points, lines, tags, brushes without corners), which are left out",
         "draw boxes where they are meant"),
    Kind("mark-as-box", NOTE, "polygons, circles, masks and turned boxes taken as the boxes around them", ""),
    Kind("parts-joined", NOTE, "parts of one object that are joined to one box", ""),
    Kind("several-classes", NOTE, "marks of several classes, a box for each", ""),
    Kind("difficult", NOTE, "objects that are marked as difficult and taken like the others", ""),
    Kind("region-left-out", NOTE, "regions that nobody annotated (DontCare), which are left out", ""),
    Kind("mended", NOTE, "entries that were read with a correction", "nothing"),
    Kind("unlisted-picture", WARNING, "annotations of pictures that the file does not list",
         "nothing if the pictures were left out on purpose: these annotations are left out too",
         "drop the annotation"),
    Kind("boxes-pixels", ERROR, "boxes in pixels or percent where shares of the picture are meant",
         "divide x by the width and y by the height of the picture, or percent by 100"),
    Kind("split-missing", ERROR, "splits whose pictures are not where the data set says",
         "correct the place in the file that names it"),
    Kind("label-file-missing", NOTE, "pictures without a label file",
         "nothing if they show no object: they teach what is not there"),
)  # fmt: skip
