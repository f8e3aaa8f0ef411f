"""An incompatible change of a published version is found, whatever it is; others pass."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from contract_examples import SCHEMAS
from pydantic import BaseModel, Field, create_model

from schemas import generate
from schemas.compatibility import incompatible_changes


class Part(BaseModel):
    """A part of an event's data."""

    code: str
    weight: int | None = None


class PartRenamed(BaseModel):
    """The same part after a field was renamed."""

    code: str
    mass: int | None = None


class PartGrown(BaseModel):
    """The same part with one more optional field."""

    code: str
    weight: int | None = None
    colour: str | None = None


class Tree(BaseModel):
    """A part that holds its like."""

    name: str
    children: tuple["Tree", ...] = ()


Text = Annotated[str, Field(max_length=10)]
Required = (int, ...)
Optional = (int | None, None)


def schema(**fields: Any) -> dict[str, Any]:
    """JSON Schema of data with these fields: name=(type, default or ...)."""
    example: type[BaseModel] = create_model("Example", **fields)
    return example.model_json_schema()


BREAKING: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"a": Required, "b": Optional}, {"a": Required}, "/b: removed"),
    ({"a": Required}, {"renamed": Required}, "/a: removed"),
    ({"a": Required}, {"a": Required, "b": Required}, "/b: newly required"),
    ({"a": Optional}, {"a": Required}, "/a: newly required"),
    ({"a": Required}, {"a": (int, 0)}, "/a: no longer required"),
    ({"a": Required}, {"a": (str, ...)}, "/a: type integer became string"),
    ({"a": (float, ...)}, {"a": Required}, "/a: type number became integer"),
    ({"a": (int | str, ...)}, {"a": Required}, "/a: type string became integer"),
    ({"a": Optional}, {"a": (int, 0)}, "/a: type null became integer"),
    ({"a": (Any, ...)}, {"a": Required}, "/a: type any became integer"),
    (
        {"a": (Literal["red", "green"], ...)},
        {"a": (Literal["red"], ...)},
        "/a: const became red",
    ),
    (
        {"a": (Literal["red", "green", "blue"], ...)},
        {"a": (Literal["red", "green"], ...)},
        "/a: ['blue'] no longer accepted",
    ),
    ({"a": (str, ...)}, {"a": (Literal["x", "y"], ...)}, "/a: narrowed to ['x', 'y']"),
    ({"a": (str, ...)}, {"a": (Text, ...)}, "/a: maxLength fell to 10"),
    (
        {"a": (Text, ...)},
        {"a": (Annotated[str, Field(max_length=9)], ...)},
        "/a: maxLength fell to 9",
    ),
    ({"a": Required}, {"a": (Annotated[int, Field(ge=1)], ...)}, "/a: minimum rose to 1"),
    ({"a": (str, ...)}, {"a": (Annotated[str, Field(pattern="^x")], ...)}, "/a: pattern became ^x"),
    ({"a": (Part, ...)}, {"a": (PartRenamed, ...)}, "/a/weight: removed"),
    ({"a": (Part | None, None)}, {"a": (PartRenamed | None, None)}, "/a/weight: removed"),
    (
        {"a": (tuple[Part, ...], ())},
        {"a": (tuple[PartRenamed, ...], ())},
        "/a/*/weight: removed",
    ),
    (
        {"a": (dict[str, int], ...)},
        {"a": (dict[str, str], ...)},
        "/a/*: type integer became string",
    ),
    ({"a": (dict[str, Any], ...)}, {"a": (dict[str, int], ...)}, "/a/*: type any became integer"),
]

COMPATIBLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"a": Required}, {"a": Required}),
    ({"a": Required}, {"a": Required, "b": Optional}),
    ({"a": Required}, {"a": (float, ...)}),
    ({"a": Required}, {"a": (int | str, ...)}),
    ({"a": (int, 0)}, {"a": Optional}),
    ({"a": (Literal["red"], ...)}, {"a": (Literal["red", "green"], ...)}),
    ({"a": (Literal["red"], ...)}, {"a": (str, ...)}),
    ({"a": (Text, ...)}, {"a": (str, ...)}),
    ({"a": (Annotated[int, Field(ge=1)], ...)}, {"a": Required}),
    ({"a": (Part, ...)}, {"a": (PartGrown, ...)}),
    ({"a": (tuple[Part, ...], ())}, {"a": (tuple[PartGrown, ...], ())}),
    ({"a": (dict[str, int], ...)}, {"a": (dict[str, Any], ...)}),
    ({"a": (Tree, ...)}, {"a": (Tree, ...)}),
]


@pytest.mark.parametrize(("before", "after", "found"), BREAKING, ids=lambda part: str(part)[:60])
def test_breaking_changes_are_found(
    before: dict[str, Any], after: dict[str, Any], found: str
) -> None:
    assert found in incompatible_changes(schema(**before), schema(**after))


@pytest.mark.parametrize(("before", "after"), COMPATIBLE)
def test_what_only_adds_passes(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert incompatible_changes(schema(**before), schema(**after)) == []


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A copy of what is published, to plant changes in."""
    shutil.copytree(SCHEMAS / "json", tmp_path / "json")
    shutil.copy(SCHEMAS / "asyncapi.yaml", tmp_path)
    return tmp_path


def plant(
    published: Path, name: str, field: str, declared: dict[str, Any], *, required: bool
) -> None:
    """Publish a field that the present model does not have in that form."""
    path = published / "json" / f"{name}-1.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["properties"][field] = declared
    if required:
        content["required"].append(field)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_published_version_is_never_overwritten_with_a_break(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(published, "payment.missed", "urgency", {"type": "string"}, required=False)
    kept = (published / "json" / "payment.missed-1.json").read_bytes()
    assert generate.main([], published) == 1
    assert generate.main(["--check"], published) == 1
    assert "payment.missed version 1 /urgency: removed" in capsys.readouterr().err
    assert (published / "json" / "payment.missed-1.json").read_bytes() == kept


def test_a_stale_file_is_found_and_written_anew(published: Path) -> None:
    path = published / "json" / "payment.missed-1.json"
    fresh = path.read_bytes()
    content = json.loads(fresh)
    del content["properties"]["product"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert generate.main(["--check"], published) == 1
    assert generate.main([], published) == 0
    assert path.read_bytes() == fresh
    assert generate.main(["--check"], published) == 0


def test_a_published_type_without_a_model_is_found(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (published / "json" / "payment.forgiven-1.json").write_text("{}", encoding="utf-8")
    assert generate.main(["--check"], published) == 1
    assert generate.main([], published) == 1
    assert "payment.forgiven-1.json" in capsys.readouterr().err
