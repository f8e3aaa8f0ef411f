"""The one way in which an event is refused, on Kafka and over HTTP alike."""

from typing import Final, Literal, get_args

RejectionCode = Literal[
    "not_json",
    "invalid_utf8",
    "empty",
    "too_large",
    "not_cloudevent",
    "unknown_type",
    "unknown_version",
    "invalid_field",
    "missing_field",
    "key_mismatch",
    "identifying_subject",
    "out_of_range",
    "too_old",
    "processing_error",
    "unknown_enrolment",
    "waited_too_long",
    "too_many_waiting",
]

CODES: Final[frozenset[str]] = frozenset(get_args(RejectionCode))

_STATUS: Final[dict[str, int]] = {
    "not_json": 400,
    "invalid_utf8": 400,
    "empty": 400,
    "not_cloudevent": 400,
    "too_large": 413,
}


class Rejection(Exception):
    """An event that can't be accepted.

    `code` is stable and for programs, `detail` is one sentence that tells the publisher's
    engineer what to do, `pointer` is the RFC 6901 JSON pointer of the field at fault within the
    event (None where the whole value is), `status` the HTTP status: 400 not readable as an
    event, 413 too large, 422 readable but not acceptable. None of them repeats personal data.
    """

    def __init__(self, code: RejectionCode, detail: str, pointer: str | None = None) -> None:
        super().__init__(f"{code}: {detail}" if pointer is None else f"{code} {pointer}: {detail}")
        self.code: RejectionCode = code
        self.detail = detail
        self.pointer = pointer
        self.status = _STATUS.get(code, 422)


def pointer_to(*path: str | int) -> str:
    """The JSON pointer (RFC 6901) of a path of member names and array positions."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
