"""Which phrases stand in a training prompt: those of the picture, filled up with absent ones."""

import random
from dataclasses import dataclass

from grounding_dino.data.records import Record
from grounding_dino.prompt import Prompt, build_prompt
from grounding_dino.tokenizer import PhraseTokenizer

# A picture may have no box and no list of absent phrases; something has to be asked for.
_FALLBACK = "object"


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
    record: Record, max_labels: int, tokenizer: PhraseTokenizer, max_tokens: int, numbers: random.Random
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

    Returns
    -------
    SampledPrompt
        Boxes whose phrase found no room are left out, as if they were not annotated.
    """
    present = list(dict.fromkeys(record.phrases))
    numbers.shuffle(present)
    inside = set(present)
    absent = [phrase for phrase in record.absent if phrase not in inside]
    numbers.shuffle(absent)
    chosen: list[str] = []
    used = 2
    for phrase in [*present, *absent]:
        if len(chosen) == max_labels:
            break
        length = len(tokenizer.phrase_ids(phrase)) + 1
        if used + length <= max_tokens:
            chosen.append(phrase)
            used += length
    if not chosen:
        chosen = [_FALLBACK]
    numbers.shuffle(chosen)
    place = {phrase: number for number, phrase in enumerate(chosen)}
    kept = tuple(index for index, phrase in enumerate(record.phrases) if phrase in place)
    prompt = build_prompt(chosen, tokenizer, max_tokens)
    return SampledPrompt(prompt, kept, tuple(place[record.phrases[index]] for index in kept))
