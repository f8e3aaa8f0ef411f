"""Finds what would break a reader or a publisher in a changed JSON Schema.

A published version may gain optional fields and accept more; anything else is a new version.
Compared is what the generated schemas use: types, references, alternatives, objects, lists,
enumerations and bounds.
"""

from typing import Any, Final

Schema = dict[str, Any]

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT: Final = ("pattern", "format", "const", "uniqueItems")


def incompatible_changes(published: Schema, present: Schema) -> list[str]:
    """What was published and would no longer hold, one line each; empty if all still holds.

    Found: a removed field, a newly required field, a required field that became optional, a
    narrowed type, enumeration or bound.
    """
    return _Comparison(published, present).node(published, present, "")


class _Comparison:
    """Two schemas with their own definitions; `node` compares one place in both."""

    def __init__(self, published: Schema, present: Schema) -> None:
        self._published: Schema = published.get("$defs", {})
        self._present: Schema = present.get("$defs", {})
        self._open: set[tuple[int, int]] = set()

    def node(self, published: Schema, present: Schema, path: str) -> list[str]:
        """Changes at one place, the best match taken where there are alternatives."""
        before = _alternatives(published, self._published)
        after = _alternatives(present, self._present)
        found: list[str] = []
        for old in before:
            # The nearest of the present alternatives is what became of the former one.
            nearest = min((self._single(old, new, path) for new in after), key=len)
            found += nearest
        return found

    def _single(self, old: Schema, new: Schema, path: str) -> list[str]:
        pair = (id(old), id(new))
        if pair in self._open:
            return []
        self._open.add(pair)
        try:
            return [
                *_type_change(old, new, path),
                *_bound_changes(old, new, path),
                *self._object(old, new, path),
                *self._inside(old, new, path),
            ]
        finally:
            self._open.remove(pair)

    def _object(self, old: Schema, new: Schema, path: str) -> list[str]:
        before: Schema = old.get("properties", {})
        after: Schema = new.get("properties", {})
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        found = [f"{path}/{name}: removed" for name in before.keys() - after.keys()]
        found += [f"{path}/{name}: newly required" for name in needs - needed]
        found += [f"{path}/{name}: no longer required" for name in (needed - needs) & after.keys()]
        for name in before.keys() & after.keys():
            found += self.node(before[name], after[name], f"{path}/{name}")
        return sorted(found)

    def _inside(self, old: Schema, new: Schema, path: str) -> list[str]:
        found: list[str] = []
        for keyword, step in (("items", "*"), ("additionalProperties", "*")):
            before, after = old.get(keyword, True), new.get(keyword, True)
            if after is False and before is not False:
                found.append(f"{path}/{step}: no longer accepted")
            elif isinstance(after, dict) and before is not False:
                before = before if isinstance(before, dict) else {}
                found += self.node(before, after, f"{path}/{step}")
        return found


def _alternatives(node: Schema, definitions: Schema) -> list[Schema]:
    """The schemas of which a value must fit one, references resolved."""
    if "$ref" in node:
        return _alternatives(definitions[node["$ref"].rsplit("/", 1)[1]], definitions)
    choices = node.get("anyOf") or node.get("oneOf")
    if choices is None:
        return [node]
    return [found for choice in choices for found in _alternatives(choice, definitions)]


def _type_change(old: Schema, new: Schema, path: str) -> list[str]:
    before, after = old.get("type"), new.get("type")
    if after is None or before == after or (before, after) == ("integer", "number"):
        return []
    return [f"{path or '/'}: type {before or 'any'} became {after}"]


def _bound_changes(old: Schema, new: Schema, path: str) -> list[str]:
    found = []
    for keyword in _LOWER:
        if keyword in new and (keyword not in old or new[keyword] > old[keyword]):
            found.append(f"{path}: {keyword} rose to {new[keyword]}")
    for keyword in _UPPER:
        if keyword in new and (keyword not in old or new[keyword] < old[keyword]):
            found.append(f"{path}: {keyword} fell to {new[keyword]}")
    for keyword in _EXACT:
        if keyword in new and new[keyword] != old.get(keyword) and not _in_enum(old, new, keyword):
            found.append(f"{path}: {keyword} became {new[keyword]}")
    if "enum" in new:
        before = old.get("enum", [old["const"]] if "const" in old else None)
        lost = None if before is None else [value for value in before if value not in new["enum"]]
        if lost is None:
            found.append(f"{path}: narrowed to {new['enum']}")
        elif lost:
            found.append(f"{path}: {lost} no longer accepted")
    return found


def _in_enum(old: Schema, new: Schema, keyword: str) -> bool:
    """Whether a constant only restates an enumeration of that one value."""
    return keyword == "const" and bool(old.get("enum") == [new["const"]])
