"""Prompts: "red circle . blue star ." with the place of every phrase known from building it.

The spans are recorded while the token ids are appended.  Searching phrases in the finished text would put
"cat" into "caterpillar".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from skillbank_engine.errors import PromptError
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer, normalise_phrase

_SHOWN = 60
"""Characters of a description in a message."""


@dataclass(frozen=True)
class Prompt:
    """One prompt.

    Attributes
    ----------
    phrases : tuple of str
        The normalised phrases in order.
    token_ids : tuple of int
        ``[CLS] phrase . phrase . [SEP]``.
    spans : tuple of (int, int)
        For each phrase its first token and the one after its last; the full stop is not in it.
    """

    phrases: tuple[str, ...]
    token_ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The prompt as the released models know it."""
        return "".join(f"{phrase} . " for phrase in self.phrases).strip()


def build_prompt(phrases: Sequence[str], tokenizer: PhraseTokenizer, max_tokens: int) -> Prompt:
    """Put one prompt together.

    Parameters
    ----------
    phrases : sequence of str
        Descriptions, at least one.
    tokenizer : PhraseTokenizer
        Gives the token ids.
    max_tokens : int
        Longest prompt in tokens, special tokens counted (``model.max_text_len``).

    Raises
    ------
    PromptError
        No phrase, an empty phrase, or more tokens than allowed.
    """
    (prompt, *more) = build_prompts(phrases, tokenizer, max_tokens)
    if more:
        raise PromptError(
            f"{len(phrases)} phrases do not fit into model.max_text_len {max_tokens} tokens: "
            "raise model.max_text_len or lower dataset.max_labels"
        )
    return prompt


def build_prompts(
    phrases: Sequence[str], tokenizer: PhraseTokenizer, max_tokens: int, most: int = 0
) -> list[Prompt]:
    """Put phrases into as few prompts as their order and the limits allow.

    Parameters and errors are those of :func:`build_prompt`, but phrases that do not fit go on in a next
    prompt.

    Parameters
    ----------
    most : int
        Most phrases of a prompt; 0 sets no limit but that of the tokens.
    """
    if not phrases:
        raise PromptError("There is nothing to look for: give at least one description")
    prompts: list[Prompt] = []
    names: list[str] = []
    ids: list[int] = [tokenizer.cls]
    spans: list[tuple[int, int]] = []

    def close() -> None:
        prompts.append(Prompt(tuple(names), (*ids, tokenizer.sep), tuple(spans)))
        names.clear()
        spans.clear()
        del ids[1:]

    for raw in phrases:
        name = normalise_phrase(raw)
        tokens = tokenizer.phrase_ids(name) if name else ()
        if not tokens:
            raise PromptError(f"The description {raw!r} is empty: give words to look for")
        if len(tokens) + 3 > max_tokens:
            shown = raw if len(raw) <= _SHOWN else f"{raw[:_SHOWN]}..."
            raise PromptError(
                f"The description {shown!r} has {len(tokens)} tokens, more than model.max_text_len "
                f"{max_tokens} allows: shorten it"
            )
        if len(ids) + len(tokens) + 2 > max_tokens or len(names) == most > 0:
            close()
        names.append(name)
        spans.append((len(ids), len(ids) + len(tokens)))
        ids.extend((*tokens, tokenizer.dot))
    close()
    return prompts


@dataclass(frozen=True)
class PromptBatch:
    """Prompts of a batch as padded tensors; ``L`` is the longest prompt's length, ``P`` the most phrases.

    Attributes
    ----------
    token_ids : Tensor
        ``(B, L)`` int64.
    token_mask : Tensor
        ``(B, L)`` bool, true for tokens, false for padding.
    position_ids : Tensor
        ``(B, L)`` int64; positions start anew in each phrase.
    attention : Tensor
        ``(B, L, L)`` bool; a phrase sees itself and its own full stop only.
    phrase_tokens : Tensor
        ``(B, P, L)`` float32, 1 where a token belongs to the phrase; rows of absent phrases are zero.
    """

    token_ids: Tensor
    token_mask: Tensor
    position_ids: Tensor
    attention: Tensor
    phrase_tokens: Tensor

    @property
    def token_types(self) -> Tensor:
        """``(B, L)`` int64 zeros: to BERT a prompt is one text."""
        return torch.zeros_like(self.token_ids)

    def first(self) -> "PromptBatch":
        """The first prompt alone."""
        return PromptBatch(*(getattr(self, name)[:1] for name in self.__dataclass_fields__))

    def part(self, pictures: slice) -> "PromptBatch":
        """The prompts of some pictures of the batch."""
        return PromptBatch(*(getattr(self, name)[pictures] for name in self.__dataclass_fields__))

    def to(self, device: torch.device | str) -> "PromptBatch":
        """The same batch on another device."""
        return PromptBatch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def batch_prompts(prompts: Sequence[Prompt], pad_id: int, step: int = 1) -> PromptBatch:
    """Pad prompts to one length and compute masks and positions.

    Masks and positions equal those that transformers derives from the ids of the special tokens; here they
    come from the spans, so they hold for any vocabulary.

    Parameters
    ----------
    prompts : sequence of Prompt
        One for each picture.
    pad_id : int
        Token of the padding.
    step : int
        The length and the number of phrases are rounded up to multiples of this.
    """
    count = len(prompts)
    length = _rounded_up(max(len(prompt.token_ids) for prompt in prompts), step)
    phrases = _rounded_up(max(len(prompt.phrases) for prompt in prompts), step)
    # numpy: a hundred small assignments into tensors would cost more than the text encoder of a small model.
    token_ids = np.full((count, length), pad_id, dtype=np.int64)
    token_mask = np.zeros((count, length), dtype=np.bool_)
    positions = np.zeros((count, length), dtype=np.int64)
    attention = np.repeat(np.eye(length, dtype=np.bool_)[None], count, 0)
    phrase_tokens = np.zeros((count, phrases, length), dtype=np.float32)
    for row, prompt in enumerate(prompts):
        used = len(prompt.token_ids)
        token_ids[row, :used] = prompt.token_ids
        token_mask[row, :used] = True
        for number, (start, end) in enumerate(prompt.spans):
            phrase_tokens[row, number, start:end] = 1.0
            positions[row, start : end + 1] = np.arange(end + 1 - start)
            attention[row, start : end + 1, start : end + 1] = True
    arrays = (token_ids, token_mask, positions, attention, phrase_tokens)
    return PromptBatch(*(torch.from_numpy(array) for array in arrays))


def _rounded_up(number: int, step: int) -> int:
    return -(-number // step) * step
