"""What many messages repeat word for word is checked once."""

from typing import Any

import msgspec
from pydantic import ValidatorFunctionWrapHandler

MOST = 1024
"""Values that are remembered of a field; then all are forgotten."""
LONGEST = 65_536
"""Bytes of a value that is worth remembering."""

_encode = msgspec.msgpack.Encoder().encode


class Once:
    """For `pydantic.WrapValidator`: a value that was found to be right is not checked again.

    All who give it share what was made of it, so that must be immutable. For a field whose values
    are as few as the playbooks: its steps, not its customers.
    """

    def __init__(self) -> None:
        self._made: dict[bytes, Any] = {}

    def __call__(self, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        """What `check` makes of `value`; raises as it does."""
        try:
            key = _encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return check(value)  # models made in Python, or what no message can hold
        made = self._made.get(key)
        if made is None:
            made = check(value)
            if len(self._made) >= MOST:
                self._made.clear()
            if len(key) <= LONGEST:
                self._made[key] = made
        return made
