"""The `dataset` block: where pictures and masks are, what masks mean, and how pictures are varied."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from skillbank_engine.config.fields import MISSING, Block, Float, Int, Text, block, param

IGNORED = 255
"""The label id of what counts neither in training nor in metrics."""


def _none_is_a_word(value: object) -> object:
    # The family spells it as text; YAML writers like to leave the value out instead.
    return "None" if value is None else value


LabelTransform = Annotated[Literal["norm", "None"], BeforeValidator(_none_is_a_word)]


class PaletteEntry(Block):
    """What one number or colour of the masks means."""

    seg_class: Text = param("", "Name of what has this number or colour in the masks.")
    rgb: list[Int] = param(
        [0], "The number in grey masks, as [85], or the colour; from 0 to 1 where label_transform is 'norm'."
    )
    label_id: Int = param(
        0, "Number of the class in masks that are written; 255 leaves these pixels out.", ge=0, le=255
    )
    mapping_class: Text = param("", "Class that it belongs to; several may share one. Empty: its own name.")

    @model_validator(mode="after")
    def _is_a_colour(self) -> PaletteEntry:
        if not self.seg_class:
            raise ValueError("dataset.segment.palette has an entry without seg_class: name it")
        if len(self.rgb) not in (1, 3) or not all(0 <= part <= 255 for part in self.rgb):
            raise ValueError(
                f"dataset.segment.palette gives '{self.seg_class}' the rgb {self.rgb}: one number or three, "
                "from 0 to 255"
            )
        return self


DEFAULT_PALETTE = [
    PaletteEntry(seg_class="foreground", rgb=[0, 0, 0], label_id=0, mapping_class="foreground"),
    PaletteEntry(seg_class="background", rgb=[1, 1, 1], label_id=1, mapping_class="background"),
]


class RandomFlip(Block):
    """Mirroring."""

    vflip_probability: Float = param(0.5, "Chance of turning upside down.", ge=0, le=1, automl=True)
    hflip_probability: Float = param(0.5, "Chance of changing left and right.", ge=0, le=1, automl=True)
    enable: bool = param(True, "Whether training pictures are mirrored.", automl=True)


class RandomRotate(Block):
    """Turning."""

    rotate_probability: Float = param(0.5, "Chance of a turn.", ge=0, le=1, automl=True)
    angle_list: list[Float] = param([90, 180, 270], "Angles in degrees to choose from.")
    enable: bool = param(True, "Whether training pictures are turned.", automl=True)


class RandomColor(Block):
    """Change of colours."""

    brightness: Float = param(0.3, "Largest change of the brightness, as a share.", ge=0, le=2, automl=True)
    contrast: Float = param(0.3, "Largest change of the contrast, as a share.", ge=0, le=2, automl=True)
    saturation: Float = param(0.3, "Largest change of the saturation, as a share.", ge=0, le=2, automl=True)
    hue: Float = param(0.3, "Largest shift of the hue; 0.5 is half the circle.", ge=0, le=0.5, automl=True)
    enable: bool = param(True, "Whether the colours of training pictures are changed.", automl=True)
    color_probability: Float = param(0.5, "Chance of a change.", ge=0, le=1, automl=True)


class ScaleRandomCrop(Block):
    """Enlarging ahead of a crop."""

    scale_range: list[Float] = param([1, 1.2], "Smallest and largest factor.")
    enable: bool = param(
        True, "Whether training pictures are enlarged, and cropped to their size.", automl=True
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> ScaleRandomCrop:
        if len(self.scale_range) != 2 or not 0 < self.scale_range[0] <= self.scale_range[1]:
            raise ValueError(
                "dataset.segment.augmentation.with_scale_random_crop.scale_range must be the smallest and "
                f"the largest factor, not {self.scale_range}"
            )
        return self


class AugmentationConfig(Block):
    """How training pictures are varied, and how all are normalised."""

    random_flip: RandomFlip = block(RandomFlip, "Mirroring.")
    random_rotate: RandomRotate = block(RandomRotate, "Turning.")
    random_color: RandomColor = block(RandomColor, "Change of colours.")
    with_scale_random_crop: ScaleRandomCrop = block(ScaleRandomCrop, "Enlarging ahead of a crop.")
    with_random_blur: bool = param(True, "Whether training pictures are blurred, by up to a pixel.")
    with_random_crop: bool = param(
        True, "Whether a random part, at least eight tenths of the area, becomes the training picture."
    )
    mean: list[Float] = param([0.5, 0.5, 0.5], "Mean of red, green and blue that is subtracted.")
    std: list[Float] = param([0.5, 0.5, 0.5], "Deviation of red, green and blue to divide by.")

    @model_validator(mode="after")
    def _are_three(self) -> AugmentationConfig:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != 3 or (name == "std" and min(values) <= 0):
                raise ValueError(
                    f"dataset.segment.augmentation.{name} must be three "
                    f"{'positive numbers' if name == 'std' else 'numbers'}, not {values}"
                )
        return self


class CalibrationConfig(Block):
    """Pictures that static quantization calibrates on."""

    images_dir: Text = param("", "Folder with pictures; masks are not needed.")


class SegmentConfig(Block):
    """Data of every action."""

    root_dir: Text = param(MISSING, "Folder that holds images/<split> and masks/<split>.")
    dataset: Literal["SFDataset"] = param("SFDataset", "Kind of the data set.")
    num_classes: Int = param(2, "Number of classes.", ge=2, math_cond=">0")
    img_size: Int = param(256, "Side in pixels that pictures are resized to.", ge=32)
    batch_size: Int = param(8, "Pictures per device and step.", ge=1)
    # The family starts at 1, for which a GPU waits; 0 (in the main process) is what a small run needs.
    workers: Int = param(8, "Processes that load pictures; 0 loads them in the main process.", ge=0)
    shuffle: bool = param(True, "Whether training pictures come in a new order each epoch.")
    train_split: Text = param("train", "Folder of the training pictures below images and masks.")
    validation_split: Text = param("val", "Folder of the validation pictures below images and masks.")
    test_split: Text = param("val", "Folder of the pictures that evaluation measures on.")
    predict_split: Text = param("test", "Folder of the pictures that inference looks at, below images.")
    augmentation: AugmentationConfig = block(AugmentationConfig, "How pictures are varied and normalised.")
    label_transform: LabelTransform = param(
        "norm", "'norm' divides the numbers of masks by 255, 'None' takes them as they are."
    )
    palette: list[PaletteEntry] = param(
        DEFAULT_PALETTE, "What the numbers or colours of masks mean; empty: the numbers are the classes."
    )
    quant_calibration_dataset: CalibrationConfig = block(
        CalibrationConfig, "Pictures that static quantization calibrates on."
    )

    @model_validator(mode="after")
    def _fits_norm(self) -> SegmentConfig:
        if self.label_transform == "norm":
            for entry in self.palette:
                if max(entry.rgb) > 1:
                    raise ValueError(
                        f"dataset.segment.palette gives '{entry.seg_class}' the rgb {entry.rgb}, but with "
                        "label_transform 'norm' its numbers go from 0 to 1: set "
                        "dataset.segment.label_transform to 'None'"
                    )
        return self


class UnreadSegmentConfig(SegmentConfig):
    """Data of actions that read no masks: where these are may stay open."""

    root_dir: Text = param("", "Folder that holds images/<split> and masks/<split>; not read by this action.")


class DatasetConfig(Block):
    """Data, its loading and its augmentation."""

    segment: SegmentConfig = block(SegmentConfig, "Data of every action.")


class UnreadDatasetConfig(DatasetConfig):
    """Data of actions that read no masks."""

    segment: UnreadSegmentConfig = block(UnreadSegmentConfig, "Data of every action.")
