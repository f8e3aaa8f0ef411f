"""Field types that several customer events share."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from schemas.common import PERSONAL, LongText, Text


def _as_text(value: object) -> object:
    """Numbers are taken as their text: 1980 and "1980" are the same answer."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


NumberOrText = Annotated[
    Text,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 200}, {"type": "number"}]}),
]

Reason = Annotated[LongText, PERSONAL]
"""Free text on why; never becomes part of a fact."""

Names = Annotated[tuple[Text, ...], Field(max_length=100)]
