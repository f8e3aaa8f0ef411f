"""Blocks: passages that several texts of a file of templates share, written once, by tone if need
be. They are put in place as the file is read, so that whatever looks at it sees whole texts.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.yaml_lines import FaultyFile, LinedFile, read

BLOCKS = "blocks"
"""Key of a file of templates under which its blocks stand."""
_ASKED = re.compile(r"{{\s*blocks\.(\w+)\s*}}")
_USUAL = "neutral"


def read_templates(path: Path) -> LinedFile:
    """A file of templates with its blocks in their places. Raises FaultyFile."""
    file = read(path)
    if not isinstance(file.data, dict) or BLOCKS not in file.data:
        return file
    blocks = _blocks(file)
    asked: set[str] = set()
    data = {
        name: _placed(file, (name,), value, blocks, asked)
        for name, value in file.data.items()
        if name != BLOCKS
    }
    for name in sorted(blocks.keys() - asked):
        raise FaultyFile(file.fault((BLOCKS, name), f"block {name!r}: no text has it; remove it"))
    return replace(file, data=data)


def _blocks(file: LinedFile) -> Mapping[str, Mapping[str, str]]:
    """By name, then by tone. Raises FaultyFile."""
    given = file.data[BLOCKS]
    if not isinstance(given, dict) or not given:
        raise FaultyFile(file.fault((BLOCKS,), "blocks: want blocks by name, each a text"))
    found = {}
    for name, said in given.items():
        by_tone = said if isinstance(said, dict) else {_USUAL: said}
        texts = by_tone.values()
        if _USUAL not in by_tone or not all(isinstance(one, str) and one.strip() for one in texts):
            why = f"want a text, or one for each tone, {_USUAL} at least"
            raise FaultyFile(file.fault((BLOCKS, name), f"block {name!r}: {why}"))
        if any(_ASKED.search(one) for one in texts):
            why = "has a block in it; write out what it says"
            raise FaultyFile(file.fault((BLOCKS, name), f"block {name!r}: {why}"))
        found[name] = by_tone
    return found


def _placed(
    file: LinedFile,
    path: tuple[str, ...],
    value: Any,
    blocks: Mapping[str, Mapping[str, str]],
    asked: set[str],
) -> Any:
    """The value with its blocks in place; the second part of a text's path is its tone."""
    if isinstance(value, dict):
        return {
            key: _placed(file, (*path, str(key)), one, blocks, asked) for key, one in value.items()
        }
    if not isinstance(value, str):
        return value

    def place(found: re.Match[str]) -> str:
        name = found[1]
        if name not in blocks:
            known = ", ".join(sorted(blocks))
            raise FaultyFile(file.fault(path, f"{path[-1]}: no block {name!r}; there are {known}"))
        asked.add(name)
        by_tone = blocks[name]
        return by_tone.get(path[1] if len(path) > 1 else _USUAL, by_tone[_USUAL]).strip()

    return _ASKED.sub(place, value)
