"""The `dataset` block: where images and annotations are, and how images are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from skillbank_engine.config.fields import Block, Float, Int, Text, block, param


def _one_as_list(value: object) -> object:
    # A single folder or caption is the common case and reads better without brackets.
    if isinstance(value, str):
        return [value] if value else []
    return value


TextList = Annotated[list[str], BeforeValidator(_one_as_list)]


class TrainSource(Block):
    """One training source: images with annotations in the ODVG format."""

    image_dir: Text = param("", "Folder with the images.")
    json_file: Text = param("", "Annotations in ODVG: one JSON document a line, one line an image.")
    label_map: Text = param(
        "", "JSON file from class number to class name; needed for detection annotations only."
    )


class CocoSource(Block):
    """Images with annotations in the COCO format."""

    image_dir: Text = param("", "Folder with the images.")
    json_file: Text = param("", "COCO annotations whose category ids count from 0 without a gap.")


class InferSource(Block):
    """Images to look at and descriptions to look for."""

    image_dir: TextList = param([], "Folders with the images; one folder may be given as plain text.")
    captions: TextList = param(
        [], "Descriptions of what to find; several in one text are separated by ' . ' or a new line."
    )
    classmap: Text = param(
        "", "Text file with one description a line (# begins a comment), read when captions is empty."
    )


class AugmentationConfig(Block):
    """Resizing, cropping, flipping and normalisation of images."""

    scales: list[Int] = param(
        [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
        "Shorter sides in pixels to choose from in training.",
    )
    input_mean: list[Float] = param([0.485, 0.456, 0.406], "Mean of red, green and blue that is subtracted.")
    input_std: list[Float] = param([0.229, 0.224, 0.225], "Deviation of red, green and blue to divide by.")
    train_random_resize: list[Int] = param(
        [400, 500, 600], "Shorter sides in pixels to choose from ahead of a random crop."
    )
    horizontal_flip_prob: Float = param(
        0.5, "Chance that a training image is mirrored.", ge=0, le=1, automl=True
    )
    train_random_crop_min: Int = param(
        384, "Smallest side of a random crop, in pixels.", ge=32, automl=True, parent=True, search=(32, 1024)
    )
    train_random_crop_max: Int = param(
        600,
        "Largest side of a random crop, in pixels.",
        ge=32,
        le=1333,
        automl=True,
        depends_on="dataset.augmentation.train_random_crop_min",
        math_cond="> depends_on",
        relation="> dataset.augmentation.train_random_crop_min",
    )
    random_resize_max_size: Int = param(1333, "No image gets a longer side than this, in pixels.", ge=1)
    test_random_resize: Int = param(
        800, "Shorter side in pixels for validation, test and inference.", ge=32, automl=False
    )
    fixed_padding: bool = param(
        True,
        "Pad every batch to one size, which keeps memory use level at the price of some work; the embedded "
        "engine does so where a spec holds the key, and else pads batches of like pictures to their need.",
        in_template=False,
    )
    fixed_random_crop: Int | None = param(
        None, "Side in pixels of a fixed large-scale-jitter crop; null turns that augmentation off.", ge=1
    )

    @model_validator(mode="after")
    def _crop_range(self) -> AugmentationConfig:
        if self.train_random_crop_max <= self.train_random_crop_min:
            raise ValueError(
                f"dataset.augmentation.train_random_crop_max ({self.train_random_crop_max}) must be greater "
                f"than dataset.augmentation.train_random_crop_min ({self.train_random_crop_min})"
            )
        return self


class DatasetConfig(Block):
    """Data of every action, its loading and its augmentation."""

    train_data_sources: list[TrainSource] = param([TrainSource()], "Sources that training draws from, mixed.")
    val_data_sources: CocoSource = block(CocoSource, "Data that training is validated on.")
    test_data_sources: CocoSource = block(CocoSource, "Data that evaluation measures on.")
    infer_data_sources: InferSource = block(InferSource, "Images and descriptions for inference.")
    quant_calibration_data_sources: TrainSource = block(
        TrainSource, "Images that static quantization calibrates on, annotated like training data."
    )
    batch_size: Int = param(4, "Images per device and step.", ge=1)
    # The family starts at 1; 0 (load in the main process) is what a small CPU run needs.
    workers: Int = param(8, "Processes that load images; 0 loads them in the main process.", ge=0)
    pin_memory: bool = param(True, "Load batches into page-locked memory for a faster copy to the GPU.")
    dataset_type: Literal["serialized", "default"] = param(
        "serialized",
        "'serialized' shares one copy of the annotations among loaders, 'default' gives each its own.",
    )
    max_labels: Int = param(
        50,
        "Most phrases in a training prompt: those present, filled up with absent ones.",
        ge=1,
        math_cond="> 0",
    )
    eval_class_ids: list[Int] | None = param(
        None, "Category ids that metrics are limited to; null means all.", automl=False
    )
    augmentation: AugmentationConfig = block(
        AugmentationConfig, "How images are resized, cropped and normalised."
    )
