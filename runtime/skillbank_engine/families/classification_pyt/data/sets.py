"""Which sets a spec names: of a training, and of an evaluation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from skillbank_engine.data.records import require_folder
from skillbank_engine.errors import DataError
from skillbank_engine.families.classification_pyt.data.folders import (
    LabelledSet,
    class_names,
    joined,
    read_labelled,
    read_unlabelled,
)
from skillbank_engine.task import Tell, TrainingData

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec

_LOG = logging.getLogger(__name__)
_TRAIN = "dataset.train_dataset.images_dir"
_VAL = "dataset.val_dataset.images_dir"
_TEST = "dataset.test_dataset.images_dir"
_UNLABELLED = "dataset.train_nolabel.folder_path"


def read_training_sets(spec: ClassificationSpec, tell: Tell) -> TrainingData[LabelledSet, LabelledSet]:
    """Read what a training or a distillation learns from and is validated on.

    Parameters
    ----------
    spec : pydantic model
        A train or distill spec.
    tell : callable
        Says what the user should know.

    Raises
    ------
    DataError
        The folders cannot be used, or have other classes than the spec says.
    """
    dataset, skip = spec.dataset, spec.engine.skip_broken
    names = training_classes(spec)
    require_count(spec, names)
    train = read_labelled(dataset.train_dataset.images_dir, _TRAIN, names, skip_broken=skip, complete=True)
    if dataset.train_nolabel.folder_path:
        train = joined(train, read_unlabelled(dataset.train_nolabel.folder_path, _UNLABELLED, names))
    if not dataset.val_dataset.images_dir:
        tell(f"{_VAL} is not set: training runs without validation, and no checkpoint is the best one")
        return TrainingData(train)
    return TrainingData(train, read_labelled(dataset.val_dataset.images_dir, _VAL, names, skip_broken=skip))


def training_classes(spec: ClassificationSpec) -> tuple[str, ...]:
    """Return the classes that a training tells apart, in their order.

    Raises
    ------
    DataError
        There is no such folder, or no class in it.
    """
    return class_names(spec, require_folder(spec.dataset.train_dataset.images_dir, _TRAIN), _TRAIN)


def require_count(spec: ClassificationSpec, names: tuple[str, ...]) -> None:
    """Compare ``dataset.num_classes`` with the classes that there are; 0 means as many as there are.

    Raises
    ------
    DataError
        The spec says another number, or there is only one class.
    """
    said = spec.dataset.num_classes
    if len(names) < 2:
        raise DataError(f"There is one class only, '{names[0]}': a classifier needs two or more")
    if said not in (0, len(names)):
        raise DataError(
            f"dataset.num_classes is {said}, but there are {len(names)} classes: set it to {len(names)}, or "
            "correct dataset.classes_file"
        )


def read_test_set(spec: ClassificationSpec) -> LabelledSet:
    """Read what evaluate measures on: ``dataset.val_dataset``, as the family does, else the test set.

    Raises
    ------
    DataError
        Neither is set, or the folders cannot be used.
    """
    dataset = spec.dataset
    folder, key = (
        (dataset.val_dataset.images_dir, _VAL)
        if dataset.val_dataset.images_dir
        else (dataset.test_dataset.images_dir, _TEST)
    )
    if key == _VAL and dataset.test_dataset.images_dir not in ("", folder):
        _LOG.info("%s is measured, as the family does; %s is for inference", _VAL, _TEST)
    names = class_names(spec, require_folder(folder, key), key)
    return read_labelled(folder, key, names, skip_broken=spec.engine.skip_broken)
