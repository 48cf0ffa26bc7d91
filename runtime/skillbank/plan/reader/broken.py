"""What is to become of broken pictures and boxes of data: "skip broken images", "stop if one is corrupt"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text

__all__ = ["take_broken"]

_OWN = "slots.on_broken"
_DET = "group.det|'all|'any|'of|'every|'only|'just|free.adverb*"
_MORE = f"'and|'or|',? {_OWN}.states*"
_THINGS = f"{_OWN}.states {_MORE} {_OWN}.objects 'and|'or|'with|',? {_OWN}.states* {_OWN}.objects*"
_WHAT = "'what|'whatever|'everything|'anything|'all 'that|'which? 'is|'are"
_ARE = "'is|'are|'be|'being|'get|'gets|'to|'should|'shall|'must|'may|'can|'have|'just|'simply|'only*"
_IF = "'if|'when|'whenever|'where|'as"


def take_broken(page: Text) -> None:
    """Account for words that say whether broken pictures and boxes are skipped or refused."""
    not_ = "no=operator.not* group.it|free.glue*"
    for meant, other in (("skip", "refuse"), ("refuse", "skip")):
        verb = f"{_OWN}.{meant}"
        for source in (
            f"{not_} {verb} {_DET} {_THINGS}",
            f"{not_} {verb} {_WHAT} {_OWN}.states {_MORE}",
            f"{_DET} {_THINGS} {_ARE} {not_} {verb}",
            f"{not_} {verb} 'it|'them|'those|'these|'pictures|'images|'boxes? {_IF}|'that|'which "
            f"group.det|'it|'they|'there|'is|'are|'one|{_OWN}.objects* {_OWN}.states {_MORE} "
            f"{_OWN}.objects*",
        ):
            for match in page.find(source):
                denied = match.tokens("no")
                page.ledger.claim("field", match.tokens(), ("on_broken", other if denied else meant))
    is_ = "'is|'are|'turn? 'out|'to|'be*"
    told = f"'if|'when|'whenever {_DET} {_OWN}.objects {is_} {_OWN}.states {_MORE} ',? 'then|'just*"
    for meant in ("skip", "refuse"):
        for match in page.find(f"{told} {_OWN}.{meant} 'it|'them|'that|'those?"):
            page.ledger.claim("field", match.tokens(), ("on_broken", meant))
    without = f"operator.not {_DET} {_THINGS}"
    for match in page.find(without):
        page.ledger.claim("field", match.tokens(), ("on_broken", "skip"))
