"""Forms in a page, found and filled as a browser does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass(slots=True)
class Form:
    """One form. fields: what it sends as it stands; blanks: text fields to fill in; choices:
    values of radio buttons by name; buttons: name and value of those that send something.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    blanks: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, answers: Mapping[str, str]) -> dict[str, str]:
        """What is sent with these answers."""
        return {**self.fields, **answers}


def forms(html: str, url: str) -> list[Form]:
    """The page's forms in order; actions are made absolute by the page's own `url`."""
    parser = _Forms(url)
    parser.feed(html)
    return parser.found


def ending(found: list[Form], suffix: str) -> Form | None:
    """The first form whose action's path ends so."""
    return next((form for form in found if form.action.split("?")[0].endswith(suffix)), None)


class _Forms(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Form] = []
        self._url = url
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._url, given.get("action") or self._url)
            self._form = Form(action, given.get("method", "get").lower())
            self.found.append(self._form)
        elif self._form is not None and given.get("name"):
            if tag == "input":
                self._input(self._form, given)
            elif tag == "button":
                self._form.buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    @staticmethod
    def _input(form: Form, given: Mapping[str, str]) -> None:
        name, value = given["name"], given.get("value", "")
        match given.get("type", "text"):
            case "hidden":
                form.fields[name] = value
            case "radio":
                form.choices.setdefault(name, []).append(value)
            case "checkbox":
                if "checked" in given:
                    form.fields[name] = value or "on"
            case "text" | "number":
                form.blanks.append(name)
