"""Facts about playbooks: who published, approved or withdrew which version.

Key and subject are `playbook:NAME`; the content itself stands on the topic `playbooks`.
"""

from typing import ClassVar

from pydantic import Field

from schemas.common import Text, Typed


class _OfVersion(Typed):
    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(ge=1, description="Its version.")
    content_sha256: Text = Field(description="SHA-256 over what it says and does, hex.")
    actor: Text = Field(description="Who did it: the name of a token.")


class PlaybookPublished(_OfVersion):
    """A version was published as a draft."""

    TYPE: ClassVar[str] = "playbook.published"


class PlaybookApproved(_OfVersion):
    """A second person approved a version."""

    TYPE: ClassVar[str] = "playbook.approved"


class PlaybookWithdrawn(_OfVersion):
    """A version starts no enrolment any more; those that run keep it."""

    TYPE: ClassVar[str] = "playbook.withdrawn"


FACTS: tuple[type[Typed], ...] = (PlaybookPublished, PlaybookApproved, PlaybookWithdrawn)
