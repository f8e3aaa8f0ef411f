"""Who sits at the desk, from DESK_PEOPLE."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.negotiator.rules.routing import Person, Role


class BadPeople(ValueError):
    """The file of people can't be used. The message names it, and says how to mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Person(_Strict):
    name: str = Field(min_length=1)
    role: Literal["agent", "supervisor", "compliance"] = "agent"
    languages: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    senior: bool = False


class _People(_Strict):
    people: list[_Person]


def load_people(path: Path) -> Mapping[str, Person]:
    """People by the name of their token; nobody where there is no file. Raises BadPeople."""
    if not path.exists():
        return {}
    try:
        listed = _People.model_validate(yaml.safe_load(path.read_text("utf-8"))).people
    except (ValidationError, yaml.YAMLError) as error:
        first = str(error).splitlines()
        raise BadPeople(f"{path}: {' '.join(first[1:3]) or first[0]}") from None
    return {
        one.name: Person(one.name, Role(one.role), one.languages, one.products, one.senior)
        for one in listed
    }
