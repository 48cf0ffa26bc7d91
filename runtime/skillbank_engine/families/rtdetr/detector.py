"""The detector's forward pass.

The layers are transformers' (so its weights load and its outputs are reproduced exactly); the way through
them is ours: heads run on what is needed, denoising queries come of padded targets, and the layers'
activations can be recomputed in the backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.denoising import DenoisingQueries, box_logits, noised_queries
from skillbank_engine.families.rtdetr.targets import TargetBatch

if TYPE_CHECKING:
    from skillbank_engine.library import PreTrainedModel

_ANCHOR = 0.05
_EDGE = 0.01


@dataclass(frozen=True)
class DetectorOutput:
    """What the detector says; ``S`` decoder layers, ``Q`` queries, ``C`` classes.

    Attributes
    ----------
    logits : Tensor
        ``(S, B, Q, C)`` of each decoder layer; outside of training that of the answer alone.
    boxes : Tensor
        ``(S, B, Q, 4)`` relative ``cxcywh``.
    encoder_logits, encoder_boxes : Tensor
        ``(B, Q, C)`` and ``(B, Q, 4)`` of the proposals that became queries, with gradients.
    denoising_logits, denoising_boxes : Tensor or None
        ``(S, B, N, C)`` and ``(S, B, N, 4)`` of the denoising queries, if there are any.
    denoising : DenoisingQueries or None
        These queries.
    sources : tuple of Tensor
        ``(B, D, h, w)`` feature maps that the decoder looks at.
    """

    logits: Tensor
    boxes: Tensor
    encoder_logits: Tensor
    encoder_boxes: Tensor
    denoising_logits: Tensor | None = None
    denoising_boxes: Tensor | None = None
    denoising: DenoisingQueries | None = None
    sources: tuple[Tensor, ...] = ()


class Detector(nn.Module):
    """RT-DETR with our forward pass.

    Parameters
    ----------
    network : RTDetrV2Model
        transformers' layers, with the heads in the decoder.
    architecture : Architecture
        What they were built from.

    Attributes
    ----------
    recompute : bool
        Recompute activations of the decoder layers, and of the backbone if its norms are frozen, in the
        backward pass to save memory.
    """

    def __init__(self, network: PreTrainedModel, architecture: Architecture) -> None:
        super().__init__()
        self.network = network
        self.architecture = architecture
        self.recompute = False

    @property
    def dtype(self) -> torch.dtype:
        """Kind of number of its weights."""
        return next(self.parameters()).dtype

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return int(self.network.enc_score_head.out_features)

    def forward(self, pixels: Tensor, targets: TargetBatch | None = None) -> DetectorOutput:
        """Detect.

        Parameters
        ----------
        pixels : Tensor
            ``(B, 3, H, W)`` normalised; sides are multiples of the largest stride.
        targets : TargetBatch, optional
            In training, what denoising queries are made of; with them, all decoder layers answer.
        """
        sources = self.sources(pixels)
        denoising = None
        if self.training and targets is not None:
            denoising = noised_queries(targets, self.classes, self.architecture.denoising)
        return self._decode(sources, denoising, self.training or targets is not None)

    def sources(self, pixels: Tensor) -> list[Tensor]:
        """Compute the feature maps ``(B, D, h, w)`` that the decoder looks at, finest first."""
        model = self.network
        maps = self._backbone(pixels)
        features = [project(level) for project, level in zip(model.encoder_input_proj, maps, strict=True)]
        mixed = model.encoder(features).last_hidden_state
        return [project(level) for project, level in zip(model.decoder_input_proj, mixed, strict=True)]

    def _backbone(self, pixels: Tensor) -> tuple[Tensor, ...]:
        backbone = self.network.backbone.model
        # Batch norms that learn would count a batch twice.
        if self.recompute and self.training and self.architecture.frozen_norms:
            found = checkpoint(lambda batch: backbone(batch).feature_maps, pixels, use_reentrant=False)
        else:
            found = backbone(pixels).feature_maps
        return tuple(found)

    def _decode(
        self, sources: list[Tensor], denoising: DenoisingQueries | None, everything: bool
    ) -> DetectorOutput:
        """Choose proposals, run the decoder on them and read the heads."""
        model = self.network
        # Whole numbers also where the pass is traced, in which sizes would be computed again each time.
        shapes = [(int(source.shape[-2]), int(source.shape[-1])) for source in sources]
        memory = torch.cat([source.flatten(2).transpose(1, 2) for source in sources], 1)
        anchors, usable = anchor_logits(shapes, memory.device)
        places = model.enc_output(memory * usable.to(memory.dtype))
        proposal_logits = model.enc_score_head(places)
        count = min(self.architecture.num_queries, places.shape[1])
        chosen = proposal_logits.amax(-1).topk(count, dim=1).indices[..., None]
        content = places.gather(1, chosen.expand(-1, -1, places.shape[-1]))
        # By index, so that the number of pictures stays open when the pass is traced.
        start = anchors[0, chosen[..., 0]]
        encoder_boxes = (model.enc_bbox_head(content) + start).float().sigmoid()
        encoder_logits = proposal_logits.gather(1, chosen.expand(-1, -1, proposal_logits.shape[-1]))

        hidden, references, mask, extra = content.detach(), encoder_boxes.detach(), None, 0
        if denoising is not None:
            extra = denoising.classes.shape[1]
            hidden = torch.cat([model.denoising_class_embed(denoising.classes).to(hidden.dtype), hidden], 1)
            noised = box_logits(denoising.boxes).sigmoid()
            references = torch.cat([noised, references], 1)
            mask = denoising.mask(count).to(hidden.dtype)
        logits, boxes = self._decoder_layers(memory, shapes, hidden, references, mask, everything)
        return DetectorOutput(
            logits=logits[:, :, extra:],
            boxes=boxes[:, :, extra:],
            encoder_logits=encoder_logits,
            encoder_boxes=encoder_boxes,
            denoising_logits=logits[:, :, :extra] if extra else None,
            denoising_boxes=boxes[:, :, :extra] if extra else None,
            denoising=denoising,
            sources=tuple(sources),
        )

    def _decoder_layers(
        self,
        memory: Tensor,
        shapes: list[tuple[int, int]],
        hidden: Tensor,
        references: Tensor,
        mask: Tensor | None,
        everything: bool,
    ) -> tuple[Tensor, Tensor]:
        """Run the decoder; every layer moves the boxes on and is read by its own heads."""
        decoder = self.network.decoder
        # On the CPU, where the layers compare it with the number of places: no wait for the device.
        table = torch.tensor(shapes)
        last = len(decoder.layers) - 1 if self.architecture.answer < 0 else self.architecture.answer
        all_logits, all_boxes = [], []
        for number, layer in enumerate(decoder.layers):
            values = {
                "object_queries_position_embeddings": decoder.query_pos_head(references.to(hidden.dtype)),
                "encoder_hidden_states": memory,
                "reference_points": references.to(hidden.dtype).unsqueeze(2),
                "spatial_shapes": table,
                "spatial_shapes_list": shapes,
                "encoder_attention_mask": mask,
            }
            if self.recompute and self.training:
                hidden = checkpoint(layer, hidden, use_reentrant=False, **values)
            else:
                hidden = layer(hidden, **values)
            boxes = (decoder.bbox_embed[number](hidden).float() + box_logits(references)).sigmoid()
            references = boxes.detach()
            if everything or number == last:
                all_logits.append(decoder.class_embed[number](hidden))
                all_boxes.append(boxes)
            if not everything and number == last:
                break
        return torch.stack(all_logits), torch.stack(all_boxes)


def anchor_logits(shapes: list[tuple[int, int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Boxes around every place: the proposals that the encoder's answers are added to.

    Parameters
    ----------
    shapes : list of (int, int)
        Height and width of each level.
    device : torch.device
        Where they are wanted.

    Returns
    -------
    anchors : Tensor
        ``(1, N, 4)`` logits of relative ``cxcywh``, the largest number where not usable.
    usable : Tensor
        ``(1, N, 1)`` bool: not at the very edge.
    """
    levels = []
    for level, (height, width) in enumerate(shapes):
        y, x = torch.meshgrid(
            (torch.arange(height, device=device, dtype=torch.float32) + 0.5) / height,
            (torch.arange(width, device=device, dtype=torch.float32) + 0.5) / width,
            indexing="ij",
        )
        size = torch.full_like(x, _ANCHOR * 2.0**level)
        levels.append(torch.stack([x, y, size, size], -1).flatten(0, 1))
    boxes = torch.cat(levels)[None]
    usable = ((boxes > _EDGE) & (boxes < 1 - _EDGE)).all(-1, keepdim=True)
    logits = (boxes / (1 - boxes)).log()
    return logits.masked_fill(~usable, torch.finfo(torch.float32).max), usable
