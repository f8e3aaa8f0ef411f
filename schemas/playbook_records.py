"""What stands on the topic `playbooks`: versions of playbooks, approvals and withdrawals.

Each is a record of its own under a key of its own, so that compaction loses none of them and no
writer overwrites what another has said. Key and subject are what `key_of` gives.
"""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints

from schemas.common import PLAIN, Identifier, Typed
from schemas.playbook import Name

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Actor = Annotated[Identifier, StringConstraints(max_length=64, pattern=PLAIN)]
"""Name of an API token, or of a person by whom it stands: a pseudonym, kept for years."""


class _Record(Typed):
    name: Name = Field(description="Name of the playbook.")
    version: int = Field(ge=1, strict=True, description="Its version.")
    content_sha256: Sha256 = Field(description="SHA-256 over what it says and does, hex.")


class PlaybookVersion(_Record):
    """A version as its author wrote it: a draft until a second person approves it."""

    TYPE: ClassVar[str] = "playbook.version"

    author: Actor = Field(description="Who published the draft.")
    document: dict[str, Any] = Field(description="playbook.yaml.")
    templates: dict[str, dict[str, Any]] = Field(
        description="templates/<locale>.yaml by locale, such as en."
    )


class PlaybookApproval(_Record):
    """A second person has approved a version: it is in force until a higher one is."""

    TYPE: ClassVar[str] = "playbook.approval"

    approver: Actor = Field(description="Who approved it; never its author.")


class PlaybookWithdrawal(_Record):
    """A version starts no enrolment any more: what was in force before it is so again."""

    TYPE: ClassVar[str] = "playbook.withdrawal"

    actor: Actor = Field(description="Who withdrew it.")


RECORDS: tuple[type[Typed], ...] = (PlaybookVersion, PlaybookApproval, PlaybookWithdrawal)

_WHAT: Final[dict[type[Typed], str]] = {
    PlaybookVersion: "content",
    PlaybookApproval: "approval",
    PlaybookWithdrawal: "withdrawal",
}


def key_of(tenant: str, record: PlaybookVersion | PlaybookApproval | PlaybookWithdrawal) -> str:
    """The record's key: drafts of one version that differ have different ones."""
    what = _WHAT[type(record)]
    return f"{tenant}/{record.name}/{record.version}/{what}/{record.content_sha256[:12]}"
