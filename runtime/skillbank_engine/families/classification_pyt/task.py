"""Image classification as the frame runs it: what it learns from, its loss, how it is measured and used."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from skillbank_engine.data.images import find_images, open_image
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError, ModelError
from skillbank_engine.exchange import Looked
from skillbank_engine.families.classification_pyt.answers import RESULTS, answered, write_results
from skillbank_engine.families.classification_pyt.architecture import Architecture
from skillbank_engine.families.classification_pyt.config import (
    ClassificationSpec,
    DistillSpec,
    InferenceSpec,
    TrainSpec,
)
from skillbank_engine.families.classification_pyt.data.folders import LabelledSet, renumbered
from skillbank_engine.families.classification_pyt.data.samples import (
    PictureBatch,
    TrainingPictures,
    mixed,
    picture_tensor,
)
from skillbank_engine.families.classification_pyt.data.sets import read_test_set, read_training_sets
from skillbank_engine.families.classification_pyt.data.views import Variation
from skillbank_engine.families.classification_pyt.drawing import draw_class, save_drawn
from skillbank_engine.families.classification_pyt.export import INPUT, graph_of, settled
from skillbank_engine.families.classification_pyt.loss import ClassLoss, balanced_weights, distance
from skillbank_engine.families.classification_pyt.metrics import Tally
from skillbank_engine.families.classification_pyt.model import Classifier, build_classifier, freeze, still
from skillbank_engine.families.classification_pyt.schedule import factor
from skillbank_engine.families.classification_pyt.starting import (
    new_classifier,
    read_teacher,
    released_classifier,
)
from skillbank_engine.parameters import standing_still
from skillbank_engine.task import (
    Forward,
    Graph,
    Kept,
    Metrics,
    Place,
    Samples,
    Share,
    Stage,
    Task,
    Tell,
    TrainingData,
)
from skillbank_engine.team import Team

Data = TrainingData[LabelledSet, LabelledSet]
_NO_STRUCTURE = ("head.topk", "head.loss", "head.in_channels", "backbone.freeze", "backbone.pretrained")
_CALIBRATION = 64
_WORST = 20


class ClassificationTask(Task[ClassificationSpec, LabelledSet, LabelledSet, PictureBatch]):
    """A classifier with what it takes to train, measure, use and export it; see `skillbank_engine.task`."""

    carried = (
        "model",
        "engine",
        "dataset.num_classes",
        "dataset.img_size",
        "dataset.augmentation.mean",
        "dataset.augmentation.std",
    )
    foreign_weights = ", or give foreign weights as train.pretrained_model_path"
    channels_last = True
    teacher: Classifier | None = None
    _loss: ClassLoss = ClassLoss()

    @property
    def built(self) -> Architecture:
        """What the classifier is built from."""
        return Architecture.from_dict(self.architecture)

    @property
    def classifier(self) -> Classifier:
        """The module, where its weights are not in an exported file."""
        return cast(Classifier, self.module)

    # ---- where it comes from -------------------------------------------------------------------------------

    @classmethod
    def read_training(cls, spec: ClassificationSpec, tell: Tell) -> Data:
        """Read the folders of a training or a distillation."""
        return read_training_sets(spec, tell)

    @classmethod
    def begin(cls, spec: ClassificationSpec, data: Data, tell: Tell) -> Self:
        """Build a new classifier, with whatever weights the spec names."""
        names = data.train.names
        module = new_classifier(spec, names, tell)
        task = cls._made(spec, module, names)
        if isinstance(spec, DistillSpec):
            distill = spec.distill
            tell(
                f"The student learns {distill.loss_lambda:g} of its loss from the teacher's logits "
                f"({distill.loss_type}) and the rest from the true classes; features are not compared"
            )
        return task

    @classmethod
    def restore(cls, spec: ClassificationSpec, kept: Kept) -> Self:
        """Build the classifier that was kept."""
        built = Architecture.from_dict(kept.architecture)
        if isinstance(spec, TrainSpec | DistillSpec) and spec.dataset.img_size != built.image_size:
            raise ModelError(
                f"dataset.img_size is {spec.dataset.img_size}, but the checkpoint was trained at "
                f"{built.image_size}: set it to {built.image_size} to go on"
            )
        if kept.exported:
            return cls(spec, nn.Identity(), kept.labels, built.to_dict())
        return cls._made(spec, build_classifier(built, kept.labels), kept.labels)

    @classmethod
    def released(cls, spec: ClassificationSpec, name: str, key: str, tell: Tell) -> Self:
        """Build the classifier of a folder that transformers saved, or of a name on the hub."""
        module, names = released_classifier(spec, name, key, tell)
        return cls._made(spec, module, names)

    @classmethod
    def _made(cls, spec: ClassificationSpec, module: Classifier, names: Sequence[str]) -> Self:
        task = cls(spec, module, tuple(names), module.architecture.to_dict())
        if isinstance(spec, DistillSpec):
            task.teacher = read_teacher(spec, names)
        return task

    @classmethod
    def differences(cls, spec: ClassificationSpec, kept: Kept) -> dict[str, tuple[object, object]]:
        """Compare the model blocks, without what is no part of the network."""
        found = super().differences(spec, kept)
        return {name: pair for name, pair in found.items() if not name.startswith(_NO_STRUCTURE)}

    # ---- training ------------------------------------------------------------------------------------------

    def samples(self, data: Data, seed: int) -> Samples[Any, PictureBatch]:
        """Give random views of the training pictures."""
        if data.train.names != self.labels:
            raise DataError(
                f"{data.train.key} has the classes {', '.join(data.train.names)}, but the checkpoint was "
                f"trained on {', '.join(self.labels)}: go on with the same classes, or start from its "
                "weights as train.pretrained_model_path"
            )
        weights = None
        if self.spec.engine.class_weights == "balanced":
            weights = balanced_weights(data.train.counts())
        self._loss = ClassLoss(self.spec.model.head.loss.label_smooth_val, weights)
        return TrainingPictures(
            data.train,
            self.built.image_size,
            Variation.from_spec(self.spec),
            self.spec.engine.cache_megabytes << 20,
            self.pixels,
        )

    def size(self, batch: PictureBatch) -> float:
        """Pictures of a batch."""
        return float(len(batch))

    def prepare(self, batch: PictureBatch, share: Share, device: torch.device) -> PictureBatch:
        """Move a batch, and mix its pictures where the spec says so."""
        batch = batch.to(device)
        augmentation = self.spec.dataset.augmentation
        if not augmentation.mixup_cutmix:
            return batch
        return mixed(batch, augmentation.mixup_alpha, share.seed("mixture") + share.first)

    def losses(self, model: Forward, batch: PictureBatch, divisor: float) -> dict[str, Tensor]:
        """Cross entropy, and in a distillation the distance from the teacher."""
        logits = model(batch.pixels)
        task_loss = self._loss(logits, batch) / divisor
        if self.teacher is None or not isinstance(self.spec, DistillSpec):
            return {"loss": task_loss}
        distill = self.spec.distill
        with torch.no_grad():
            wanted = self.teacher(batch.pixels)
        apart = distance(distill.loss_type, logits, wanted) / divisor
        total = (1 - distill.loss_lambda) * task_loss + distill.loss_lambda * apart
        return {"loss": total, "supervised_loss": task_loss, "distillation_loss": apart}

    def train_mode(self) -> None:
        """Put the classifier into training mode, but for what the spec freezes."""
        self.module.train()
        backbone = self.spec.model.backbone
        still(self.classifier, backbone=backbone.freeze_backbone, norms=backbone.freeze_norm)

    def to(self, device: torch.device) -> None:
        """Move classifier and teacher."""
        self.module.to(device)
        if self.teacher is not None:
            self.teacher.to(device)

    def frozen(self) -> list[str]:
        """Names of what the spec freezes."""
        backbone = self.spec.model.backbone
        freeze(self.classifier, backbone=backbone.freeze_backbone, norms=backbone.freeze_norm)
        return standing_still(self.module, self.family_name)

    def parameter_groups(self) -> list[dict[str, object]]:
        """Two groups: what decays, and what `train.optim.skip_names` takes out of it."""
        optim = self.spec.train.optim
        sorted_out: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                sorted_out[any(part in name for part in optim.skip_names)].append(parameter)
        return [
            {"params": found, "lr": optim.lr, "name": name, "weight_decay": decay}
            for name, decay, found in (
                ("weights", optim.weight_decay, sorted_out[False]),
                ("weights that do not decay", 0.0, sorted_out[True]),
            )
            if found
        ]

    def optimizer(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """AdamW, Adam or SGD."""
        optim = self.spec.train.optim
        if optim.optim == "sgd":
            return torch.optim.SGD(groups, lr=optim.lr, momentum=optim.momentum)
        if optim.optim == "adam":
            return torch.optim.Adam(groups, lr=optim.lr)
        return torch.optim.AdamW(groups, lr=optim.lr, betas=(optim.betas[0], optim.betas[1]))

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """The family's policies."""
        train = self.spec.train
        return factor(train.optim, train.num_epochs, step, steps_per_epoch)

    @staticmethod
    def family_name(name: str) -> str:
        """Names as transformers has them."""
        return name.removeprefix("network.")

    # ---- measuring, using, exporting -----------------------------------------------------------------------

    @classmethod
    def read_test(cls, spec: ClassificationSpec) -> LabelledSet:
        """Read what evaluate measures on."""
        return read_test_set(spec)

    def _answers(self, images: Sequence[Path], batch_size: int, compute: Compute) -> Iterator[Tensor]:
        """Yield logits of pictures by batches, from the model as it is exported."""
        answer = self.answer
        if answer is None:
            raise RuntimeError("use() was not called")
        built = self.built

        def logits(pixels: Tensor) -> Tensor:
            return answer(built.normalised(pixels).to(compute.device))[0]

        size = self.frame or (built.image_size, built.image_size)
        yield from answered(images, size, batch_size, self.pixels, logits)

    def measure(
        self, data: LabelledSet, stage: Stage, compute: Compute, team: Team, folder: Path | None = None
    ) -> Metrics | None:
        """Count what is right; evaluate writes ``result.csv`` with the scores of all classes."""
        data = renumbered(data, self.labels, "the model")
        tally = Tally.empty(len(self.labels), self.spec.model.head.topk)
        if stage == "val":
            self._count(tally, data, compute, team)
            tally = tally.gathered(team)
            return tally.metrics(self.labels) if team.main else None
        found = list(self._answers(data.images, self._batch_size("evaluate"), compute))
        logits, classes = torch.cat(found).cpu(), torch.tensor(data.classes)
        tally.add(logits, classes)
        if folder is not None:
            truth = [self.labels[number] for number in data.classes]
            write_results(folder, data.images, self.labels, logits.softmax(-1), truth)
        return replace(tally.metrics(self.labels), worst=self._worst(data, logits.softmax(-1)))

    def _worst(self, data: LabelledSet, scores: Tensor) -> list[Looked]:
        """The pictures whose wrong class is surest."""
        best, found = scores.max(-1)
        wrong = [number for number in range(len(data)) if int(found[number]) != data.classes[number]]
        wrong.sort(key=lambda number: (-float(best[number]), number))

        def looked(number: int) -> Looked:
            image, said, score = data.images[number], self.labels[int(found[number])], float(best[number])
            note = f"is {self.labels[data.classes[number]]}, found {said} ({score:.3f})"
            return Looked(image.name, note, lambda: draw_class(open_image(image, self.pixels), said, score))

        return [looked(number) for number in wrong[:_WORST]]

    def _count(self, tally: Tally, data: LabelledSet, compute: Compute, team: Team) -> None:
        """Count what the module says of this process' share of the pictures."""
        mine = slice(team.rank, None, team.size)
        size = (self.built.image_size, self.built.image_size)
        classes = torch.tensor(data.classes[mine], device=compute.device)
        done = 0
        with torch.inference_mode(), compute.autocast():
            for logits in answered(
                data.images[mine],
                size,
                self.spec.dataset.batch_size,
                self.pixels,
                lambda pixels: self.module(pixels.to(compute.device)),
            ):
                tally.add(logits, classes[done : done + len(logits)])
                done += len(logits)

    def _batch_size(self, action: str) -> int:
        own: int = getattr(self.spec, action).batch_size
        return own if own > 0 else self.spec.dataset.batch_size

    @classmethod
    def inference_pictures(cls, spec: ClassificationSpec) -> list[tuple[Path, Path]]:
        """All pictures below ``dataset.test_dataset.images_dir``."""
        return find_images([spec.dataset.test_dataset.images_dir], "dataset.test_dataset.images_dir")

    def inference_files(self, places: Sequence[Place]) -> list[Path]:
        """The drawn pictures and the table."""
        return [*(_drawn(place) for place in places), Path(RESULTS)]

    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        """Classify pictures: ``result.csv``, and the pictures with their class below ``visualize``."""
        batch_size = self._batch_size("inference")
        images = [place.image for place in pictures]
        scores = torch.cat(list(self._answers(images, batch_size, compute))).cpu().softmax(-1)
        write_results(folder, images, self.labels, scores)
        every = self.spec.inference.vis_after_n_batches if isinstance(self.spec, InferenceSpec) else 1
        for number, (place, row) in enumerate(zip(pictures, scores, strict=True)):
            if (number // batch_size) % every == 0:
                best = int(row.argmax())
                image = open_image(place.image, self.pixels)
                save_drawn(folder / _drawn(place), image, self.labels[best], float(row[best]))
        return {"images": float(len(pictures))}

    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        """Give the model from normalised pixels to logits, at the trained size where none is said."""
        usual = self.built.image_size
        return graph_of(self.classifier, height or usual, width or usual, batch)

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        """Yield normalised pictures of ``dataset.quant_calibration_dataset``, one at a time."""
        key = "dataset.quant_calibration_dataset.images_dir"
        found = find_images([self.spec.dataset.quant_calibration_dataset.images_dir], key)
        # From all classes: their folders come one after the other.
        for _, image in found[:: max(1, len(found) // _CALIBRATION)][:_CALIBRATION]:
            pixels = picture_tensor(image, (height, width), self.pixels)[None]
            yield {INPUT: self.built.normalised(pixels)}

    @classmethod
    def settle(
        cls, spec: ClassificationSpec, action: str, overrides: Sequence[str], kept: Kept
    ) -> tuple[ClassificationSpec, str]:
        """Let the trained model's values hold: its network, its classes, and how it sees pictures."""
        spec, note = super().settle(spec, action, overrides, kept)
        return settled(spec, note, overrides, Architecture.from_dict(kept.architecture))


def _drawn(place: Place) -> Path:
    return Path("visualize") / place.name.with_suffix(".jpg")
