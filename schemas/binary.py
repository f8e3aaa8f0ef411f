"""CloudEvents' binary mode: attributes in the headers, data alone in the value."""

from collections.abc import Iterable
from urllib.parse import unquote

from schemas.errors import Rejection, pointer_to

Headers = Iterable[tuple[str, bytes | None]]


def is_json(media_type: str) -> bool:
    bare = media_type.split(";", 1)[0].strip().lower()
    return bare in ("application/json", "text/json") or bare.endswith("+json")


def binary_attributes(headers: Headers) -> dict[str, str] | None:
    """Attributes of a binary-mode event, or None where the headers show no such mode."""
    attributes: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type":
            content_type = _header_text(value, "datacontenttype")
            if content_type.lower().startswith("application/cloudevents"):
                return None
            attributes["datacontenttype"] = content_type
        elif lower.startswith("ce_"):
            attributes[lower[3:]] = _header_text(value, lower[3:])
        elif lower.startswith("ce-"):
            # Over HTTP, what is not ASCII is percent-encoded (CloudEvents HTTP binding, 3.1.3.2).
            attributes[lower[3:]] = unquote(_header_text(value, lower[3:]))
    if attributes.keys() <= {"datacontenttype"}:
        return None
    return attributes


def _header_text(value: bytes | None, attribute: str) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise Rejection(
            "invalid_utf8",
            "Write the headers of the event's attributes in UTF-8.",
            pointer_to(attribute),
        ) from None
