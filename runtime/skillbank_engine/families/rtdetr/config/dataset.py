"""The `dataset` block: where images and annotations are, and how images are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator

from skillbank_engine.config.fields import Block, Float, Int, Text, block, param

STRIDE = 32
"""What sides of the network's input are multiples of."""


def _one_as_list(value: object) -> object:
    # A single folder is the common case and reads better without brackets.
    if isinstance(value, str):
        return [value] if value else []
    return [item for item in value if item != ""] if isinstance(value, list) else value


class CocoSource(Block):
    """Images with annotations in the COCO format."""

    image_dir: Text = param("", "Folder with the images.")
    json_file: Text = param("", "COCO annotations, with category ids of any kind.")


class InferSource(Block):
    """Images to look at."""

    image_dir: Annotated[list[str], BeforeValidator(_one_as_list)] = param(
        [], "Folders with the images; one folder may be given as plain text."
    )
    classmap: Text = param(
        "", "Text file with one class name a line: those of the model, or some of them that count."
    )


class AugmentationConfig(Block):
    """Resizing, cropping and colours of images."""

    multi_scales: list[Int] = param(
        [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
        "Sizes in pixels to choose from for each training batch; none for train_spatial_size always.",
    )
    train_spatial_size: list[Int] = param([640, 640], "Height and width in pixels that training resizes to.")
    eval_spatial_size: list[Int] = param(
        [640, 640], "Height and width in pixels for validation, test and inference."
    )
    distortion_prob: Float = param(
        0.8, "Chance that a training image's colours are changed.", ge=0, le=1, automl=True
    )
    iou_crop_prob: Float = param(
        0.8, "Chance that a part of a training image is cut out around its objects.", ge=0, le=1, automl=True
    )
    preserve_aspect_ratio: bool = param(
        False, "Keep the shape of an image and pad it; otherwise it is stretched to the size."
    )

    @field_validator("train_spatial_size", "eval_spatial_size")
    @classmethod
    def _two_sides(cls, value: list[int]) -> list[int]:
        if len(value) != 2 or any(side < STRIDE or side % STRIDE for side in value):
            raise ValueError(f"must be height and width, multiples of {STRIDE}, not {value}")
        return value

    @field_validator("multi_scales")
    @classmethod
    def _scales(cls, value: list[int]) -> list[int]:
        if any(side < STRIDE or side % STRIDE for side in value):
            raise ValueError(f"must be multiples of {STRIDE}, not {value}")
        return value


class DatasetConfig(Block):
    """Data of every action, its loading and its augmentation."""

    train_data_sources: list[CocoSource] = param([CocoSource()], "Sources that training draws from, mixed.")
    val_data_sources: CocoSource = block(CocoSource, "Data that training is validated on.")
    test_data_sources: CocoSource = block(CocoSource, "Data that evaluation measures on.")
    infer_data_sources: InferSource = block(InferSource, "Images for inference.")
    quant_calibration_data_sources: CocoSource = block(
        CocoSource, "Images that static quantization calibrates on."
    )
    batch_size: Int = param(4, "Images per device and step.", ge=1, automl=True, search=(1, 16))
    # The family starts at 1; 0 (load in the main process) is what a small CPU run needs.
    workers: Int = param(
        8, "Processes that load images; 0 loads them in the main process.", ge=0, automl=True, search=(0, 16)
    )
    remap_mscoco_category: bool = param(
        False, "Map the 91 ids of MSCOCO onto 80 classes; the embedded engine takes ids of any kind as it is."
    )
    pin_memory: bool = param(True, "Load batches into page-locked memory for a faster copy to the GPU.")
    dataset_type: Literal["serialized", "default"] = param(
        "serialized",
        "'serialized' shares one copy of the annotations among loaders, 'default' gives each its own.",
    )
    num_classes: Int = param(
        80,
        "Number of classes; the embedded engine counts those that the annotations name.",
        ge=1,
        math_cond=">0",
    )
    eval_class_ids: list[Int] | None = param(
        None, "Category ids that metrics are limited to; null means all.", automl=False
    )
    augmentation: AugmentationConfig = block(
        AugmentationConfig, "How images are resized, cropped and coloured."
    )
