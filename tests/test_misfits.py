"""A value that does not fit is named with what it must be, unless nobody may read it again."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field, ValidationError

from skillbank.misfits import misfit


class Answer(BaseModel):
    """Something that is sent: an answer with a code, and a count."""

    approve: bool
    code: str | None = None
    count: int = Field(1, le=1_000_000)
    share: float = Field(0.5, le=1)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ('{"approve": true, "code": 123456}', "code must be text"),
        ("{", "the document does not fit: Invalid JSON"),
        ('{"approve": true, "count": 2000000}', "count is 2000000, but it must be at most 1000000"),
        ('{"approve": true, "share": 2.5}', "share is 2.5, but it must be at most 1"),
        ('{"approve": true, "count": "many"}', "count is many, but it must be a whole number alone"),
    ],
)
def test_what_does_not_fit_is_told(document: str, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Answer.model_validate_json(document)
    said = misfit(dict(caught.value.errors()[0]))
    assert said.startswith(told) and "123456" not in said and "b'" not in said
