"""Which phrases stand in a training prompt: those of the picture with absent ones, all that fit or a few."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skillbank_engine.data.records import Record
from skillbank_engine.families.grounding_dino.prompt import Prompt, build_prompt
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer

# A picture may have no box and no list of absent phrases; something has to be asked for.
_FALLBACK = "object"

VARIED = 0.75
"""Share of the prompts that vary, in the part of a training in which any do; the others still hold all."""


@dataclass(frozen=True)
class PromptLengths:
    """When the prompts of a training vary in length: in its last part.

    A prompt of everything shows the most boxes and lets phrases compete, from which a network learns fastest.
    It never learns whether a phrase fits when nothing stands beside it; the last epochs teach that.

    Attributes
    ----------
    share : float
        Part of the training, counted from its end, in which prompts vary; 0 to 1.
    epochs : int
        Epochs of the training.
    """

    share: float
    epochs: int

    def varied(self, epoch: int) -> float:
        """Chance that a prompt of an epoch (counted from 0) varies."""
        part = min(max(epoch + 1 - self.epochs * (1 - self.share), 0.0), 1.0)
        return part * VARIED


@dataclass(frozen=True)
class SampledPrompt:
    """A prompt for one picture.

    Attributes
    ----------
    prompt : Prompt
        Present and absent phrases in random order.
    kept : tuple of int
        Indices of the record's boxes that are still asked for.
    phrases : tuple of int
        For each kept box the index of its phrase in the prompt.
    """

    prompt: Prompt
    kept: tuple[int, ...]
    phrases: tuple[int, ...]


def sample_prompt(
    record: Record,
    max_labels: int,
    tokenizer: PhraseTokenizer,
    max_tokens: int,
    numbers: random.Random,
    *,
    varied: bool = False,
) -> SampledPrompt:
    """Choose the phrases of one training prompt.

    Parameters
    ----------
    record : Record
        The picture's annotations.
    max_labels : int
        Most phrases in the prompt (``dataset.max_labels``).
    tokenizer : PhraseTokenizer
        Counts tokens.
    max_tokens : int
        Longest prompt (``model.max_text_len``).
    numbers : random.Random
        Source of randomness.
    varied : bool
        Draw the number of phrases, from one to as many as there are, small numbers as often as large ones of
        the same ratio; present and absent phrases are then equally likely.  Otherwise all present phrases
        come first and absent ones fill up.

    Returns
    -------
    SampledPrompt
        Boxes whose phrase is not in the prompt are left out, as if they were not annotated.
    """
    present = list(dict.fromkeys(record.phrases))
    numbers.shuffle(present)
    inside = set(present)
    absent = [phrase for phrase in record.absent if phrase not in inside]
    numbers.shuffle(absent)
    wanted, order = max_labels, [*present, *absent]
    if varied and order:
        # Of lengths alone, one phrase by itself would come once in as many prompts as there are phrases.
        wanted = int((min(max_labels, len(order)) + 1) ** numbers.random())
        order = _mixed(present, absent, numbers)
    chosen = _fitting(order, wanted, tokenizer, max_tokens) or [_FALLBACK]
    numbers.shuffle(chosen)
    place = {phrase: number for number, phrase in enumerate(chosen)}
    kept = tuple(index for index, phrase in enumerate(record.phrases) if phrase in place)
    prompt = build_prompt(chosen, tokenizer, max_tokens)
    return SampledPrompt(prompt, kept, tuple(place[record.phrases[index]] for index in kept))


def _mixed(present: Sequence[str], absent: Sequence[str], numbers: random.Random) -> list[str]:
    """Put present and absent phrases in one row; as long as there are both, a coin says which comes next.

    Were present ones first, a short prompt would tell the network that all of it is to be found.
    """
    rest, others = list(present), list(absent)
    row: list[str] = []
    while rest and others:
        row.append((rest if numbers.random() < 0.5 else others).pop())
    return [*row, *rest, *others]


def _fitting(phrases: Iterable[str], most: int, tokenizer: PhraseTokenizer, max_tokens: int) -> list[str]:
    """Take phrases in order, at most so many, and pass over those that find no room."""
    chosen: list[str] = []
    used = 2
    for phrase in phrases:
        if len(chosen) == most:
            break
        length = len(tokenizer.phrase_ids(phrase)) + 1
        if used + length <= max_tokens:
            chosen.append(phrase)
            used += length
    return chosen
