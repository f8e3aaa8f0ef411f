"""What many messages repeat is checked once, and none the less."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError, WrapValidator

from schemas.commands import OutreachRequested, PlannedStep
from schemas.repeated import MOST, Once


class Part(BaseModel):
    model_config = {"frozen": True}

    number: Annotated[int, Field(strict=True)]


ONCE = Once()


class Whole(BaseModel):
    parts: Annotated[tuple[Part, ...], WrapValidator(ONCE)]


def whole(*numbers: Any) -> Whole:
    return Whole.model_validate({"parts": [{"number": number} for number in numbers]})


def test_the_same_value_is_made_once() -> None:
    assert whole(1, 2).parts is whole(1, 2).parts
    assert whole(1, 2).parts == (Part(number=1), Part(number=2))
    assert whole(2, 1).parts == (Part(number=2), Part(number=1))


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None])
def test_what_only_looks_alike_is_checked(wrong: Any) -> None:
    whole(1)
    for _ in range(2):  # what was refused is not remembered either
        with pytest.raises(ValidationError) as refused:
            whole(1, wrong)
        assert refused.value.errors()[0]["loc"] == ("parts", 1, "number")


@pytest.mark.parametrize("odd", [10**30, "\ud800", [[[]]]])
def test_what_no_message_can_hold_is_checked(odd: Any) -> None:
    with pytest.raises(ValidationError):
        Whole.model_validate({"parts": odd})


def test_models_are_taken_as_they_are() -> None:
    part = Part(number=7)
    assert Whole(parts=(part,)).parts[0] is part


def as_it_is(value: Any, _: str | int | None = None, /) -> Any:
    return value


def test_no_more_is_remembered_than_is_of_use() -> None:
    once = Once()
    for number in range(3 * MOST):
        once(str(number), as_it_is)
    assert len(once._made) <= MOST


def test_the_form_that_is_published_is_that_of_the_value() -> None:
    steps = OutreachRequested.model_json_schema()["properties"]["steps"]
    assert steps["items"] == {"$ref": f"#/$defs/{PlannedStep.__name__}"}
