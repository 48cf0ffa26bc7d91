"""A function for CVAT's automatic annotation: rectangles by description, from the computer of who labels.

``cvat-cli`` and the SDK of CVAT take this module: it has `create`, and what that returns has a ``spec`` and
``detect``. It needs the package ``cvat-sdk``, which skillbank does not bring.
"""

from __future__ import annotations

import atexit
import io
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError, UsageError
from skillbank.installation import how_to_install
from skillbank.labelling.batch import load
from skillbank.labelling.elsewhere.search import Search
from skillbank.labelling.findings import Labelled
from skillbank.labelling.models import find_model, open_engine
from skillbank.runtime import Runtime
from skillbank.sets.ontology import read_classes

if TYPE_CHECKING:
    from cvat_sdk.auto_annotation import DetectionFunctionContext
    from cvat_sdk.models import LabeledShapeRequest
    from PIL.Image import Image

__all__ = ["CvatFunction", "create"]


class CvatFunction:
    """A detection function of CVAT's protocol.

    Parameters
    ----------
    search
        The classes; labels of the CVAT task have their names.
    model
        See `skillbank.labelling.models.find_model`.
    threshold
        Least score of classes without one, where CVAT names none; the model's own by default.

    Attributes
    ----------
    spec
        ``cvat_sdk.auto_annotation.DetectionFunctionSpec``: a label of type rectangle for each class.

    Raises
    ------
    PlatformError
        When ``cvat-sdk`` or the engine is not installed.
    DataNotFoundError, JobNotFoundError, ParentError, DataError
        When there is no such model, or it cannot be used.
    """

    def __init__(
        self, runtime: Runtime, search: Search, *, model: str | None = None, threshold: float | None = None
    ) -> None:
        try:
            import cvat_sdk.auto_annotation as cvat
        except ImportError:
            raise PlatformError(
                f"The package cvat-sdk is not installed; {how_to_install('cvat')} brings it."
            ) from None
        self._rectangle, self._search, self._threshold = cvat.rectangle, search, threshold
        self.spec = cvat.DetectionFunctionSpec(
            labels=[
                cvat.label_spec(each.name, number, type="rectangle")
                for number, each in enumerate(search.classes)
            ]
        )
        self._numbers = {each.name: number for number, each in enumerate(search.classes)}
        self._engine = open_engine(find_model(runtime, model), model)
        load(self._engine, model)

    def detect(self, context: DetectionFunctionContext, image: Image) -> list[LabeledShapeRequest]:
        """Return rectangles in pixels of the picture as it is given; called by CVAT for each frame.

        Parameters
        ----------
        context
            ``conf_threshold`` is the least score that is wanted, or None.
        """
        about = self._engine.about
        usual = about["threshold"] if self._threshold is None else self._threshold
        least = 0.0 if context.conf_threshold is None else context.conf_threshold
        picture = io.BytesIO()
        # As it is: CVAT has turned it upright, and counts the pixels that it gives.
        image.convert("RGB").save(picture, "PNG", exif=b"", compress_level=1)
        answer = self._engine.ask(
            picture.getvalue(), self._search.captions, threshold=self._search.least(usual), across=1.0
        ).result()
        findings = Labelled.of(context.frame_name, answer.document).findings
        found = self._search.objects(findings, usual, nms=about["nms"], across=about["across"])
        return [
            self._rectangle(self._numbers[each.name], list(each.box)) for each in found if each.score >= least
        ]

    def close(self) -> None:
        """End the engine."""
        self._engine.close()


def create(
    classes: str = "", checkpoint: str = "", threshold: float = -1.0, label_set: str = ""
) -> CvatFunction:
    """Make the function; CVAT gives these parameters as ``-p NAME=TYPE:VALUE``.

    Parameters
    ----------
    classes
        What to find, ``class = caption | caption | not caption``; several stand apart by `` . `` or a new
        line, and ``@FILE.yaml`` names a file of them.
    checkpoint
        A file, a folder, a train job or a name on the hub; by default the usual one of ``skillbank label``.
    threshold
        Least score; the model's own by default.
    label_set
        A label set whose classes are looked for instead.
    """
    if bool(classes.strip()) == bool(label_set):
        raise UsageError(
            "Say what to find, either as -p 'classes=str:exit = red exit sign' or as -p label_set=str:NAME."
        )
    if threshold > 1:
        raise UsageError(f"The threshold {threshold} is no score; give a number from 0 to 1.")
    runtime = Runtime()
    if label_set:
        specs = [each.spec for each in runtime.sets.open(label_set).classes()]
    elif classes.startswith("@"):
        specs = list(read_classes(file=Path(classes[1:])).classes)
    else:
        specs = list(read_classes([classes]).classes)
    if not specs:
        raise UsageError(f"The label set {label_set} has no class; say what to find with classes.")
    function = CvatFunction(
        runtime, Search.of(specs), model=checkpoint or None, threshold=None if threshold < 0 else threshold
    )
    atexit.register(function.close)
    atexit.register(runtime.close)
    return function
