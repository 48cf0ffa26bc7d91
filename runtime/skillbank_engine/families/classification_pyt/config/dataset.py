"""The `dataset` block: folders of pictures by class, and how training pictures are varied."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from skillbank_engine.config.fields import Block, Float, Int, Text, block, param


def _probability(default: float, about: str) -> Float:
    value: Float = param(default, about, ge=0, le=1, automl=True)
    return value


def _switch(default: bool, about: str) -> bool:
    value: bool = param(default, about, automl=True)
    return value


class RandomFlipConfig(Block):
    """Mirroring."""

    vflip_probability: Float = _probability(0.5, "Chance that a picture is turned upside down.")
    hflip_probability: Float = _probability(0.5, "Chance that left and right change places.")
    enable: bool = _switch(True, "Mirror training pictures.")


class RandomRotateConfig(Block):
    """Turning."""

    rotate_probability: Float = _probability(0.5, "Chance that a picture is turned.")
    angle_list: list[Float] = param([90, 180, 270], "Angles to choose from, in degrees.")
    enable: bool = _switch(True, "Turn training pictures.")


class RandomColorConfig(Block):
    """Changes of colour."""

    brightness: Float = param(
        0.3, "Largest change of brightness, as a share.", ge=0, le=2, automl=True, math_cond="> 0.0"
    )
    contrast: Float = param(
        0.3, "Largest change of contrast, as a share.", ge=0, le=2, automl=True, math_cond="> 0.0"
    )
    saturation: Float = param(
        0.3, "Largest change of saturation, as a share.", ge=0, le=2, automl=True, math_cond="> 0.0"
    )
    hue: Float = param(
        0.0,
        "Largest turn of the hue, as a share of the colour circle.",
        ge=0,
        le=0.5,
        automl=True,
    )
    enable: bool = _switch(True, "Change colours of training pictures.")
    color_probability: Float = _probability(0.5, "Chance that a picture's colours are changed.")


class RandomEraseConfig(Block):
    """Covering a part."""

    enable: bool = _switch(True, "Cover a rectangle of training pictures with the mean colour.")
    erase_probability: Float = _probability(0.2, "Chance that a rectangle is covered.")


class RandomAugConfig(Block):
    """A mixture of changes."""

    enable: bool = _switch(True, "Apply two random changes of colour or place to each training picture.")


class ScaleCropConfig(Block):
    """Enlarging and cutting."""

    scale_range: list[Float] = param([1, 1.2], "Smallest and largest enlargement before the cut.")
    enable: bool = _switch(True, "Enlarge training pictures and cut the wanted size out of them.")

    @field_validator("scale_range")
    @classmethod
    def _ordered(cls, value: list[float]) -> list[float]:
        if len(value) != 2 or not 0 < value[0] <= value[1]:
            raise ValueError(f"must be a smallest and a largest scale above 0, not {value}")
        return value


class AugmentationConfig(Block):
    """How training pictures are varied, and how all pictures are normalised."""

    random_flip: RandomFlipConfig = block(RandomFlipConfig, "Mirroring.")
    random_rotate: RandomRotateConfig = block(RandomRotateConfig, "Turning.")
    random_color: RandomColorConfig = block(RandomColorConfig, "Changes of colour.")
    random_erase: RandomEraseConfig = block(RandomEraseConfig, "Covering a part.")
    random_aug: RandomAugConfig = block(RandomAugConfig, "A mixture of changes.")
    with_scale_random_crop: ScaleCropConfig = block(ScaleCropConfig, "Enlarging and cutting.")
    with_random_blur: bool = param(True, "Blur training pictures by up to a pixel.")
    with_random_crop: bool = param(True, "Train on random parts of pictures, from 8 % of the area to all.")
    mean: list[Float] = param([0.485, 0.456, 0.406], "What is taken off red, green and blue (0 to 1).")
    std: list[Float] = param([0.229, 0.224, 0.225], "What red, green and blue are divided by afterwards.")
    mixup_cutmix: bool = param(
        False, "Train on mixtures of two pictures: half of the batches blended, half with a part exchanged."
    )
    mixup_alpha: Float = param(
        0.4, "How even the mixtures are: both parameters of the beta distribution of the shares.", ge=0, le=1
    )

    @field_validator("mean", "std")
    @classmethod
    def _three(cls, value: list[float]) -> list[float]:
        if len(value) != 3:
            raise ValueError(f"must be three numbers, for red, green and blue, not {value}")
        return value

    @field_validator("std")
    @classmethod
    def _no_zero(cls, value: list[float]) -> list[float]:
        if min(value) <= 0:
            raise ValueError(f"must be above 0, not {value}")
        return value


class ImageFolderConfig(Block):
    """One set of pictures."""

    images_dir: Text = param("", "Folder with a folder of pictures for each class.")


class UnlabelledConfig(Block):
    """Pictures without classes."""

    folder_path: Text = param("", "Folder of pictures without classes, for distillation.")


class DatasetConfig(Block):
    """Data, its loading and its augmentation."""

    root_dir: Text = param("", "Folder with classes.txt where classes_file is empty.")
    dataset: Literal["CLDataset"] = param("CLDataset", "Kind of data set.")
    num_classes: Int = param(
        20,
        "Number of classes; the default, and 0, stand for as many as the data has.",
        ge=0,
        math_cond=">=0",
    )
    img_size: Int = param(224, "Edge in pixels that all pictures are resized to.", ge=8)
    batch_size: Int = param(8, "Pictures per GPU and step.", ge=1, automl=True)
    # The family starts at 1, for which a GPU waits; 0 (in the main process) is what a small run needs.
    workers: Int = param(8, "Processes per GPU that load pictures.", ge=0, automl=True)
    shuffle: bool = param(True, "Whether training pictures come in a new order each epoch.")
    augmentation: AugmentationConfig = block(AugmentationConfig, "How pictures are varied and normalised.")
    train_dataset: ImageFolderConfig = block(ImageFolderConfig, "Pictures to train on.")
    train_nolabel: UnlabelledConfig = block(UnlabelledConfig, "Pictures without classes to distil on.")
    val_dataset: ImageFolderConfig = block(ImageFolderConfig, "Pictures to validate and evaluate on.")
    test_dataset: ImageFolderConfig = block(ImageFolderConfig, "Pictures to classify.")
    quant_calibration_dataset: ImageFolderConfig = block(
        ImageFolderConfig, "Pictures to find the ranges of activations on."
    )
    classes_file: Text = param("", "File with the name of a class in each line; empty: root_dir, or folders.")
