"""How a run by two processes shares the tests out: so that both work to the end.

A process is given whole files; those of a folder `life` share what was lived once, and so go to
one process together. The first process begins with the end-to-end tests, in which systems live and
processors wait; all others begin at the other end, with the unit tests, which only compute.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class FromBothEnds(LoadFileScheduling):  # type: ignore[misc]
    """Gives each process its next file from its own end of the list."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        # Files with many tests are the quick ones.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(super()._split_scope(nodeid))
        return str(file.parent if file.parent.name == "life" else file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is not self.nodes[0]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FromBothEnds | None:
    return FromBothEnds(config, log) if config.getvalue("dist") == "loadfile" else None
