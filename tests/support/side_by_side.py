"""Which tests may run in processes side by side (`pytest --numprocesses 2 --dist loadgroup`).

The end-to-end tests start whole systems under a clock that runs fast, so they keep to one process,
one after the other; every other file is a group of its own, whose tests share what they set up.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = "e2e" if "e2e" in item.path.parts else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
