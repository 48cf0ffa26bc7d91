"""One wording for what can be said in several: contractions, synonyms of the trade, keys as words."""

from __future__ import annotations

from skillbank.plan.language import numbers
from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import rx

_REWRITES: tuple[tuple[str, str], ...] = (
    # contractions and short forms
    (r"don't|dont|don t|do n't", "do not"),
    (r"doesn't|doesnt", "does not"),
    (r"didn't|didnt", "did not"),
    (r"won't|wont", "will not"),
    (r"can't|cannot|cant", "can not"),
    (r"shouldn't|shouldnt|oughtn't", "should not"),
    (r"wouldn't|wouldnt", "would not"),
    (r"needn't|neednt", "need not"),
    (r"mustn't|mustnt", "must not"),
    (r"isn't|isnt|ain't", "is not"),
    (r"aren't|arent", "are not"),
    (r"wasn't", "was not"),
    (r"haven't|hasn't", "have not"),
    (r"let's|lets", "let us"),
    (r"wanna", "want to"),
    (r"gonna", "going to"),
    (r"i'll", "i will"),
    (r"we'll", "we will"),
    (r"they'll", "they will"),
    (r"i've", "i have"),
    (r"we've", "we have"),
    (r"i'm", "i am"),
    (r"we're", "we are"),
    (r"i'd|i would", "i would"),
    (r"we'd", "we would"),
    (r"you'd", "you would"),
    (r"it's", "it is"),
    (r"&|\+|as well as|plus|along with|together with(?= (?:an? )?(?:evaluation|export|inference))", "and"),
    (r"thru", "through"),
    (r"frm", "from"),
    (r"w", "with"),
    # the trade
    (r"(?:--)?no-?(?:hpo|automl|tuning|hpt)|(?:--)?no-(?:search|sweep)|--no-\w*hpo", "no automl"),
    (r"auto ml", "automl"),
    (r"fine tune|finetunes|fine tunes", "finetune"),
    (r"fine tuning", "finetuning"),
    (r"fine tuned", "finetuned"),
    (r"re train", "retrain"),
    (r"re training", "retraining"),
    (r"re trained", "retrained"),
    (r"trt|tensor rt", "tensorrt"),
    (r"gen_trt_engine|gen trt engine|trt engine generation", "build tensorrt engine"),
    (r"k8s|kube", "kubernetes"),
    (r"learning rate|learningrate|learn rate|learning_rate", "lr"),
    (r"batchsize|bs|batch_size|mini batch size|minibatch size", "batch size"),
    (r"num_epochs|numepochs|max_epochs|num epochs", "epochs"),
    (r"(?:f16|half(?: precision)?|16 bit(?: floats?| precision| floating point)?)(?= precision)", "fp16"),
    (r"half precision|half floats?", "fp16"),
    (r"brain floats?(?: 16)?", "bf16"),
    (r"(?:full|single) precision", "fp32"),
    (r"bitte", "please"),
    (r"graphics? cards?|a100s?|h100s?|v100s?|h200s?|l40s?|b200s?|gpu's", "gpus"),
    (r"gpu cards?", "gpus"),
    (r"dual gpus?", "two gpus"),
    (r"quad gpus?", "four gpus"),
    (r"automl_policy|automl policy|policy of automl", "automl"),
    (r"num_gpus|num gpus", "gpus"),
    (r"num_nodes|num nodes", "nodes"),
    (r"data set", "dataset"),
    (r"data sets", "datasets"),
    (r"results_dir|results-root|results_root|output_dir|out_dir|result_dir|outdir", "results folder"),
    (r"pre trained", "pretrained"),
    (r"label_map|classmap|label map|class map|labelmap", "labelmap"),
)

_COMPILED = [(rx(pattern), words.split()) for pattern, words in _REWRITES]
_BITS = rx(r"(?:D|8|16) bits?(?: (?:integers?|floats?|precision|floating point))?")
_INSTEAD = rx(r"D (?:instead of|rather than|and not|not) D")
_SAME_WORD = rx(r"(?P<d>D) (?P<u>x)(?= gpus?)")
_SNAKE = rx(r"(?:<role>)_[a-z_]+")


def unify(text: Text) -> None:
    """Bring a text to the wording that the patterns are written in."""
    for pattern, words in _COMPILED:
        text.rewrite(pattern, lambda found, words=words: _words(found, words))  # type: ignore[misc]
    text.rewrite(_SNAKE, _split)
    numbers.read(text)
    text.rewrite(_BITS, _bits)
    text.rewrite(_INSTEAD, lambda found: [found.tokens()[0]])
    text.rewrite(_SAME_WORD, lambda found: [found.tokens()[0]])


def _split(found: Found) -> list[Token] | None:
    """``train_datasets`` and ``val_images`` are the words that they are made of."""
    [token] = found.tokens()
    parts = token.text.split("_")
    if not all(rx.is_one_of(part, "data") for part in parts[1:]):
        return None
    return [Token(part, token.start, token.end) for part in parts]


def _words(found: Found, words: list[str]) -> list[Token]:
    tokens = found.tokens()
    return [Token(word, tokens[0].start, tokens[-1].end) for word in words]


def _bits(found: Found) -> list[Token] | None:
    bits = found.tokens()[0].value
    name = {8: "int8", 16: "fp16", 32: "fp32"}.get(bits) if isinstance(bits, int) else None
    return [found.one(name)] if name else None
