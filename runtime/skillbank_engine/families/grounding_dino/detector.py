"""The detector's forward pass.

The layers are transformers' (so its weights load and its outputs are reproduced exactly); the way through
them is ours: masks and positions come from the prompt, the encoder's heads keep their gradients, denoising
queries can join the decoder, and class logits are as long as the prompt instead of padded to its limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.deformable import level_table
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries, denoising_attention
from skillbank_engine.families.grounding_dino.layers import (
    Scene,
    decode,
    fuse,
    propose,
    reference_points,
    text_positions,
)
from skillbank_engine.families.grounding_dino.norms import lowered
from skillbank_engine.families.grounding_dino.prompt import PromptBatch

if TYPE_CHECKING:
    from skillbank_engine.library import PreTrainedModel


@dataclass(frozen=True)
class DetectorOutput:
    """What the detector says; ``S`` decoder layers, ``Q`` queries, ``L`` tokens.

    Attributes
    ----------
    logits : Tensor
        ``(S, B, Q, L)`` token logits of each decoder layer, the last one is the answer.
    boxes : Tensor
        ``(S, B, Q, 4)`` relative ``cxcywh``.
    encoder_logits, encoder_boxes : Tensor
        ``(B, Q, L)`` and ``(B, Q, 4)`` of the proposals that became queries, with gradients.
    denoising_logits, denoising_boxes : Tensor or None
        ``(S, B, N, L)`` and ``(S, B, N, 4)`` when denoising queries were given.
    """

    logits: Tensor
    boxes: Tensor
    encoder_logits: Tensor
    encoder_boxes: Tensor
    denoising_logits: Tensor | None = None
    denoising_boxes: Tensor | None = None


class Detector(nn.Module):
    """Grounding DINO with our forward pass.

    Parameters
    ----------
    network : GroundingDinoForObjectDetection
        transformers' layers.
    architecture : Architecture
        What they were built from.

    Attributes
    ----------
    recompute : bool
        Recompute the encoder's activations in the backward pass to save memory.
    """

    def __init__(self, network: PreTrainedModel, architecture: Architecture) -> None:
        super().__init__()
        self.network = network
        self.architecture = architecture
        self.recompute = False
        self._fuse_layer, self._decode_layer = fuse, decode
        width = architecture.hidden_dim
        self.denoising_content = nn.Linear(width, width) if architecture.denoising else None

    def compile_layers(
        self, *, backbone: bool = True, backend: str | Callable[..., object] = "inductor"
    ) -> None:
        """Compile the layers of encoder, decoder and backbone, each kind once; for pictures of one size.

        The first pass then takes a minute longer, and again for each other size of pictures.

        Parameters
        ----------
        backbone : bool
            Those of the backbone too.
        backend : str or callable
            Of torch.compile.
        """
        self._fuse_layer = torch.compile(fuse, dynamic=False, backend=backend)
        self._decode_layer = torch.compile(decode, dynamic=False, backend=backend)
        if backbone:
            for module in self.backbone.modules():
                if type(module).__name__ in ("SwinLayer", "ResNetBottleNeckLayer"):
                    module.compile(dynamic=False, backend=backend)

    @property
    def dtype(self) -> torch.dtype:
        """Kind of number of its weights."""
        return next(self.parameters()).dtype

    @property
    def backbone(self) -> nn.Module:
        """The image backbone."""
        module: nn.Module = self.network.model.backbone
        return module

    @property
    def text_encoder(self) -> nn.Module:
        """The text encoder."""
        module: nn.Module = self.network.model.text_backbone
        return module

    def forward(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None,
        prompts: PromptBatch,
        denoising: DenoisingQueries | None = None,
        text: Tensor | None = None,
    ) -> DetectorOutput:
        """Detect.

        Parameters
        ----------
        pixels : Tensor
            ``(B, 3, H, W)`` normalised.
        pixel_mask : Tensor or None
            ``(B, H, W)`` bool, false in the padding right of and below a smaller picture; None when all
            pictures are of one size, which saves the masking.
        prompts : PromptBatch
            One prompt for each picture.
        denoising : DenoisingQueries, optional
            Queries made of the targets, in training.
        text : Tensor, optional
            What :meth:`encode_text` gave for the prompts, where that is known already.
        """
        text = self.encode_text(prompts) if text is None else text
        scene = self._encode_image(pixels, pixel_mask)
        vision, fused_text = self._fuse(scene, text, prompts)
        return self._decode(scene, vision, text, fused_text, prompts, denoising)

    def encode_text(self, prompts: PromptBatch) -> Tensor:
        """Text features ``(B, L, D)`` of the prompts alone, before they meet a picture."""
        model = self.network.model
        encoded = model.text_backbone(
            input_ids=prompts.token_ids,
            attention_mask=prompts.attention[:, None],
            token_type_ids=prompts.token_types,
            position_ids=prompts.position_ids,
        ).last_hidden_state
        features: Tensor = model.text_projection(encoded)
        return features

    def _encode_image(self, pixels: Tensor, pixel_mask: Tensor | None) -> Scene:
        """Backbone, projection to the model's width, further levels, and everything flattened."""
        model = self.network.model
        padded = pixel_mask is not None
        if pixel_mask is None:
            pixel_mask = torch.ones_like(pixels[:, 0], dtype=torch.bool)
        maps, positions = model.backbone(pixels, pixel_mask)
        sources = [model.input_proj_vision[level](source) for level, (source, _) in enumerate(maps)]
        masks = [mask for _, mask in maps]
        for level in range(len(sources), len(model.input_proj_vision)):
            source = model.input_proj_vision[level](maps[-1][0] if level == len(maps) else sources[-1])
            mask = nn.functional.interpolate(pixel_mask[None].float(), size=source.shape[-2:])[0].bool()
            sources.append(source)
            masks.append(mask)
            positions.append(model.backbone.position_embedding(source, mask).to(source.dtype))
        levels = [
            position.flatten(2).transpose(1, 2) + model.level_embed[level]
            for level, position in enumerate(positions)
        ]
        shapes = [(source.shape[-2], source.shape[-1]) for source in sources]
        return Scene(
            features=torch.cat([source.flatten(2).transpose(1, 2) for source in sources], 1),
            positions=torch.cat(levels, 1),
            visible=torch.cat([mask.flatten(1) for mask in masks], 1) if padded else None,
            shapes=shapes,
            table=level_table(tuple(shapes), pixels.device),
            valid_ratios=torch.stack([model.get_valid_ratio(mask) for mask in masks], 1),
        )

    def _fuse(self, scene: Scene, text: Tensor, prompts: PromptBatch) -> tuple[Tensor, Tensor]:
        """The encoder: text and vision features look at each other, layer by layer."""
        references = reference_points(scene)
        positions = text_positions(prompts.position_ids, text.shape[-1], text.dtype)
        vision = scene.features
        masks = (prompts.token_mask, prompts.attention)
        for layer in self.network.model.encoder.layers:
            if self.recompute and self.training:
                vision, text = checkpoint(
                    self._fuse_layer,
                    layer,
                    vision,
                    text,
                    positions,
                    scene,
                    references,
                    *masks,
                    use_reentrant=False,
                )
            else:
                vision, text = self._fuse_layer(layer, vision, text, positions, scene, references, *masks)
        return vision, text

    def _decode(
        self,
        scene: Scene,
        vision: Tensor,
        text: Tensor,
        fused_text: Tensor,
        prompts: PromptBatch,
        denoising: DenoisingQueries | None,
    ) -> DetectorOutput:
        """Choose proposals, run the decoder on them and read the heads."""
        model = self.network.model
        proposals, usable = propose(scene)
        features = model.enc_output_norm(model.enc_output(vision.masked_fill(~usable, 0.0)))
        proposal_logits = model.encoder_output_class_embed(features, fused_text, prompts.token_mask)
        count = min(self.architecture.num_queries, features.shape[1])
        # The best token decides, as in the released models; the box head then runs on the chosen ones only.
        chosen = proposal_logits.amax(-1).topk(count, dim=1).indices[..., None]
        encoder_logits = proposal_logits.gather(1, chosen.expand(-1, -1, proposal_logits.shape[-1]))
        chosen_features = features.gather(1, chosen.expand(-1, -1, features.shape[-1]))
        chosen_proposals = proposals.gather(1, chosen.expand(-1, -1, 4))
        encoder_boxes = (model.encoder_output_bbox_embed(chosen_features) + chosen_proposals).sigmoid()

        references = encoder_boxes.detach()
        if self.architecture.embed_init_target:
            content = model.query_position_embeddings.weight[None, :count].expand(text.shape[0], -1, -1)
        else:
            content = chosen_features.detach()
        own_attention = None
        extra = 0
        if denoising is not None and self.denoising_content is not None:
            extra = denoising.boxes.shape[1]
            references = torch.cat([denoising.boxes, references], 1)
            content = torch.cat([self._denoising_features(text, prompts, denoising), content], 1)
            own_attention = denoising_attention(denoising, count)[:, None]
        logits, boxes = self._decoder_layers(
            scene, vision, fused_text, prompts.token_mask, content, references, own_attention
        )
        return DetectorOutput(
            logits=logits[:, :, extra:],
            boxes=boxes[:, :, extra:],
            encoder_logits=encoder_logits,
            encoder_boxes=encoder_boxes,
            denoising_logits=logits[:, :, :extra] if extra else None,
            denoising_boxes=boxes[:, :, :extra] if extra else None,
        )

    def _denoising_features(self, text: Tensor, prompts: PromptBatch, queries: DenoisingQueries) -> Tensor:
        """Content of denoising queries ``(B, N, D)``: the mean text feature of the phrase, projected."""
        weights = prompts.phrase_tokens / prompts.phrase_tokens.sum(-1, keepdim=True).clamp(min=1)
        phrase_features = weights.to(text.dtype) @ text
        index = queries.phrases[..., None].expand(-1, -1, text.shape[-1])
        assert self.denoising_content is not None
        features: Tensor = self.denoising_content(phrase_features.gather(1, index))
        return features

    def _decoder_layers(
        self,
        scene: Scene,
        vision: Tensor,
        text: Tensor,
        token_mask: Tensor,
        hidden: Tensor,
        references: Tensor,
        own_attention: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Run the decoder; every layer moves the boxes on and is read by its own heads."""
        decoder = self.network.model.decoder
        # Every layer reads both.
        vision, text = lowered(vision), lowered(text)
        ratios = torch.cat([scene.valid_ratios, scene.valid_ratios], -1)[:, None]
        all_logits, all_boxes = [], []
        for number in range(self.architecture.dec_layers):
            scaled = references[:, :, None] * ratios
            query_positions = decoder.reference_points_head(
                _sine_embedding(scaled[:, :, 0], self.architecture.hidden_dim // 2).to(hidden.dtype)
            )
            hidden = self._decode_layer(
                decoder.layers[number],
                hidden,
                query_positions,
                scaled,
                scene,
                vision,
                text,
                token_mask,
                own_attention,
            )
            normed = decoder.layer_norm(hidden)
            start = torch.special.logit(references, eps=1e-5)
            all_logits.append(self.network.class_embed[number](normed, text, token_mask))
            all_boxes.append((self.network.bbox_embed[number](normed) + start).sigmoid())
            # The released models refine on the features before the norm, but read the answer after it.
            references = (decoder.bbox_embed[number](hidden) + start).sigmoid().detach()
        return torch.stack(all_logits), torch.stack(all_boxes)


def _sine_embedding(boxes: Tensor, width: int) -> Tensor:
    """Sine embedding of boxes ``(B, Q, 4)`` as ``(B, Q, 4 * width)``, y before x as DETR has it."""
    index = torch.arange(width, dtype=torch.float32, device=boxes.device)
    scale = 2 * math.pi / 10000 ** (2 * torch.div(index, 2, rounding_mode="floor") / width)
    x, y, *sizes = boxes.unbind(-1)
    angles = torch.stack([y, x, *sizes], -1)[..., None] * scale
    waves = torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], -1)
    return waves.flatten(-3).to(boxes.dtype)
