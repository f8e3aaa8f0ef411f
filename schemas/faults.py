"""Turns what Pydantic found into one Rejection that an engineer can act on."""

from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from schemas.common import REMEDIES
from schemas.errors import CODES, Rejection, RejectionCode, pointer_to

_REMEDIES: Final[dict[str, str]] = {
    "int_type": "must be an integer (money is counted in the currency's minor unit)",
    "int_from_float": "must be an integer (money is counted in the currency's minor unit)",
    "int_parsing": "must be an integer, not text",
    "int_parsing_size": "must be a smaller number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "timezone_aware": "must be an RFC 3339 instant with its offset, not a bare local time",
}

_BOUNDS: Final[dict[str, tuple[str, str]]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def rejection_from(
    error: ValidationError,
    model: type[BaseModel],
    *,
    under: tuple[str, ...] = (),
    code: RejectionCode | None = None,
) -> Rejection:
    """The first fault as a Rejection; `under` is where in the event the model's data stands."""
    first = cast("dict[str, Any]", error.errors(include_url=False, include_input=False)[0])
    kind: str = first["type"]
    path: tuple[str | int, ...] = (*under, *first["loc"])
    name = ".".join(str(part) for part in path)
    if kind == "missing":
        detail = f"Add {name}: {_meaning(model, first['loc'])}".rstrip(": ")
        return Rejection(code or "missing_field", detail, pointer_to(*path))
    own = cast("RejectionCode | None", kind if kind in CODES else None)
    return Rejection(
        code or own or "invalid_field", f"Correct {name}: it {_remedy(first)}.", pointer_to(*path)
    )


def _remedy(fault: dict[str, Any]) -> str:
    """What the value must be, as the end of the sentence "it …"."""
    kind: str = fault["type"]
    limits: dict[str, Any] = fault.get("ctx", {})
    if kind in _REMEDIES:
        return _REMEDIES[kind]
    if kind == "string_pattern_mismatch":
        return REMEDIES.get(limits["pattern"], f"must match {limits['pattern']}")
    if kind == "literal_error":
        return f"must be {limits['expected']}"
    if kind in ("string_too_long", "too_long"):
        return f"must not be longer than {limits['max_length']}"
    if kind.startswith("datetime"):
        return "must be an RFC 3339 instant with its offset, such as 2026-03-02T09:00:00Z"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {limits[name]}"
    # What is left are this package's own sentences and Pydantic's rarer ones.
    message: str = fault["msg"]
    return message[:1].lower() + message[1:]


def _meaning(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """The description of the missing field, where it stands in the model itself."""
    if len(path) == 1 and isinstance(path[0], str):
        field = model.model_fields.get(path[0])
        if field is not None and field.description:
            return field.description
    return "it is required."
