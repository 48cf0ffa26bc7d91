"""Whether a request says that training starts from random weights."""

from __future__ import annotations

from skillbank.plan.language.tokens import Text
from skillbank.plan.language.words import rx

_WEIGHTS = r"(?:pretrained|initial|starting) (?:weights?|models?|checkpoints?|backbones?)"
_SCRATCH = rx(
    rf"(?:starting |start |begin |beginning |training )?from (?:scratch|nothing|zero)|(?:without|with no|no) "
    rf"(?:any )?{_WEIGHTS}|without pretraining|(?:with|from|using) (?:random|randomly initiali[sz]ed) "
    r"(?:weights|initiali[sz]ation)|randomly initiali[sz]ed"
)
_NOT = rx(
    r"(?:<not>|rather than|instead of) (?:train |training |start |starting |it )*from (?:scratch|nothing)"
)


def take_scratch(text: Text) -> bool:
    """Take the words for a start from random weights out of a text, and say whether there were any."""
    text.take(_NOT)
    return bool(text.take(_SCRATCH))
