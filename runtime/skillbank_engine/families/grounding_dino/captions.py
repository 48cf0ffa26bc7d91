"""What inference looks for, and the lines that it writes of what it finds."""

from collections.abc import Sequence
from pathlib import Path

from skillbank_engine.data.records import require_file
from skillbank_engine.detection_lines import kitti_line
from skillbank_engine.families.grounding_dino.commands.labelling import Labelled
from skillbank_engine.families.grounding_dino.config.dataset import InferSource
from skillbank_engine.families.grounding_dino.descriptions import read_description_file, read_descriptions
from skillbank_engine.results import write_text


def read_captions(source: InferSource) -> list[str]:
    """Read what to look for: ``captions``, else the lines of ``classmap``.

    A caption like "red circle . blue star ." holds several (:mod:`.descriptions`).

    Raises
    ------
    PromptError
        There is nothing, or something empty.
    """
    key = "dataset.infer_data_sources.captions"
    captions = list(source.captions)
    if not any(caption.strip() for caption in captions) and source.classmap:
        key = "dataset.infer_data_sources.classmap"
        captions = read_description_file(require_file(source.classmap, key), key)
    return list(read_descriptions(captions, key))


def write_labels(path: Path, result: Labelled, phrases: Sequence[str]) -> None:
    """Write one line an object in the family's layout (KITTI's, whose columns are split at blanks)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "".join(kitti_line(item, phrases) for item in result.detections))
