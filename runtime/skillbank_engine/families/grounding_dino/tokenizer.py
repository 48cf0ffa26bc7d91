"""Tokenizers: an own WordPiece built from the training phrases, or a BERT tokenizer by path or hub name.

Both are used through :class:`PhraseTokenizer`, which tokenizes one phrase at a time.  A prompt is put
together from token ids, never searched in text, so no character offsets are needed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from skillbank_engine import library
from skillbank_engine.errors import WeightsError

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?")
_ASCII = [chr(code) for code in range(33, 127)]


def normalise_phrase(text: str) -> str:
    """Lower-case a description and make its white space single blanks.

    Full stops and question marks separate phrases in a prompt (the released models were trained so), hence
    inside a phrase they become blanks.
    """
    return " ".join(text.lower().replace(".", " ").replace("?", " ").split())


@dataclass(frozen=True)
class PhraseTokenizer:
    """Phrases to token ids.

    Attributes
    ----------
    vocabulary : tuple of str
        The tokens; a token's index is its id.
    pad, cls, sep, dot : int
        Ids of the special tokens.
    """

    vocabulary: tuple[str, ...]
    _cache: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.vocabulary)}

    @cached_property
    def _backend(self) -> Tokenizer:
        backend = Tokenizer(models.WordPiece(self._index, unk_token="[UNK]", max_input_chars_per_word=100))
        backend.normalizer = normalizers.BertNormalizer(lowercase=True)
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return backend

    def __getstate__(self) -> dict[str, object]:
        """Leave the Rust tokenizer and the cache behind: both are rebuilt where they are needed."""
        return {"vocabulary": self.vocabulary, "_cache": {}}

    @property
    def pad(self) -> int:
        """Id of the padding token."""
        return self._index["[PAD]"]

    @property
    def cls(self) -> int:
        """Id of the token that opens a prompt."""
        return self._index["[CLS]"]

    @property
    def sep(self) -> int:
        """Id of the token that closes a prompt."""
        return self._index["[SEP]"]

    @property
    def dot(self) -> int:
        """Id of the full stop that closes a phrase."""
        return self._index["."]

    def __len__(self) -> int:
        return len(self.vocabulary)

    def phrase_ids(self, phrase: str) -> tuple[int, ...]:
        """Token ids of one phrase, without any special token.

        Parameters
        ----------
        phrase : str
            Already normalised (:func:`normalise_phrase`).
        """
        if phrase not in self._cache:
            self._cache[phrase] = tuple(self._backend.encode(phrase, add_special_tokens=False).ids)
        return self._cache[phrase]

    def special_ids(self) -> tuple[int, ...]:
        """Ids that end a block of text in the model: [CLS], [SEP], full stop, question mark."""
        return tuple(self._index[token] for token in ("[CLS]", "[SEP]", ".", "?"))


def build_tokenizer(texts: Iterable[str], max_size: int = 8000) -> PhraseTokenizer:
    """Build a WordPiece vocabulary from the phrases and captions of a training set.

    Whole words by falling frequency, and every character both as a beginning and as a continuation, so that
    a word never seen still becomes a sequence of known characters instead of one [UNK].

    Parameters
    ----------
    texts : iterable of str
        Phrases and captions.
    max_size : int
        Largest number of tokens; words that do not fit are spelled in characters.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_words(normalise_phrase(text)))
    characters = sorted({char for word in counts for char in word} | set(_ASCII))
    pieces = list(dict.fromkeys([*SPECIAL_TOKENS, *characters, *(f"##{char}" for char in characters)]))
    words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    vocabulary = list(dict.fromkeys(pieces + words))[: max(max_size, len(pieces))]
    return PhraseTokenizer(tuple(vocabulary))


def _words(text: str) -> Sequence[str]:
    cleaned = normalizers.BertNormalizer(lowercase=True).normalize_str(text)
    return [word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(cleaned)]


def load_tokenizer(name_or_path: str) -> PhraseTokenizer:
    """Take the vocabulary of a BERT tokenizer from a local folder or by hub name.

    Raises
    ------
    WeightsError
        Neither a folder with a tokenizer nor a name that the hub answers for.
    """
    try:
        # That name alone brings the tokenizers of transformers, when it is asked for.
        tokenizer = library.AutoTokenizer.from_pretrained(name_or_path)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"model.text_encoder_type '{name_or_path}' is neither a folder with a tokenizer nor reachable "
            "on the model hub: pass the path of a downloaded BERT folder, or use the small profile "
            "(engine.profile=small)"
        ) from error
    index = tokenizer.get_vocab()
    return PhraseTokenizer(tuple(sorted(index, key=index.__getitem__)))
