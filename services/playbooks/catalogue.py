"""What the topic `playbooks` has said so far: which version of which playbook is in force.

Pure and the same for every reader: whoever has heard the same records, knows the same.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

from schemas.common import Typed
from schemas.envelope import Envelope
from schemas.errors import Rejection
from schemas.playbook_records import (
    PlaybookApproval,
    PlaybookVersion,
    PlaybookWithdrawal,
    key_of,
)
from services.playbooks.load import PlaybookFaults, build, source_of
from services.playbooks.model import Playbook

Status = Literal["draft", "published", "withdrawn"]
_SHOWN_FAULTS = 3


class Signed(NamedTuple):
    """Who did it, and when (business time)."""

    actor: str
    at: datetime


class Content(NamedTuple):
    """One content of one version; drafts of a version may differ until one is approved."""

    tenant: str
    name: str
    version: int
    content_sha256: str


@dataclass(frozen=True)
class Edition:
    """One content of one version, and what was decided on it."""

    tenant: str
    playbook: Playbook
    author: Signed
    approval: Signed | None = None
    withdrawal: Signed | None = None

    @property
    def status(self) -> Status:
        """A draft waits for a second person; a withdrawn version comes back no more."""
        if self.withdrawal is not None:
            return "withdrawn"
        return "draft" if self.approval is None else "published"


@dataclass(frozen=True)
class Standing:
    """How all playbooks stand at one moment; never changed. `editions`: oldest draft first."""

    editions: tuple[Edition, ...] = ()

    @classmethod
    def of(cls, playbooks: Iterable[Playbook], tenant: str, since: datetime) -> "Standing":
        """These playbooks in force, whoever published them."""
        signed = Signed("folder", since)
        return cls(tuple(Edition(tenant, playbook, signed, signed) for playbook in playbooks))

    def in_force(self, tenant: str) -> Mapping[str, Playbook]:
        """The playbooks that enrol a tenant's customers, by name."""
        return self._in_force.get(tenant, {})

    def published(self, tenant: str, name: str, version: int) -> Playbook | None:
        """A version that is in force or was once: what an enrolment may be pinned to."""
        return self._published.get((tenant, name, version))

    def of_version(self, tenant: str, name: str, version: int) -> list[Edition]:
        """All contents of one version, oldest draft first."""
        asked = (tenant, name, version)
        return [one for one in self.editions if _version(one) == asked]

    @cached_property
    def _published(self) -> Mapping[tuple[str, str, int], Playbook]:
        return {_version(one): one.playbook for one in self.editions if one.approval is not None}

    @cached_property
    def _in_force(self) -> Mapping[str, Mapping[str, Playbook]]:
        found: dict[str, dict[str, Playbook]] = {}
        for one in self.editions:
            if one.status != "published":
                continue
            of_tenant = found.setdefault(one.tenant, {})
            other = of_tenant.get(one.playbook.name)
            if other is None or other.version < one.playbook.version:
                of_tenant[one.playbook.name] = one.playbook
        return found


@dataclass
class _Heard:
    """Everything heard, by content, in the order of the topic."""

    drafts: dict[Content, tuple[Playbook, Signed]] = field(default_factory=dict)
    approvals: dict[Content, list[Signed]] = field(default_factory=dict)
    withdrawals: dict[Content, Signed] = field(default_factory=dict)


class Catalogue:
    """Hears the topic's records one by one. Safe to be asked from other threads meanwhile."""

    def __init__(self) -> None:
        self._heard = _Heard()
        self._lock = threading.Lock()
        self._standing: Standing | None = Standing()

    @property
    def standing(self) -> Standing:
        """How the playbooks stand now."""
        with self._lock:
            if self._standing is None:
                self._standing = _standing(self._heard)
            return self._standing

    def hear(self, event: Envelope, data: Typed) -> None:
        """Take in one record; a repeat changes nothing. Raises Rejection where it can't count."""
        if not isinstance(data, PlaybookVersion | PlaybookApproval | PlaybookWithdrawal):
            raise Rejection("unknown_type", "Publish versions, approvals and withdrawals here.")
        if event.subject != key_of(event.tenant, data):
            raise Rejection(
                "key_mismatch", "Set key and subject to what the record is about.", "/subject"
            )
        content = Content(event.tenant, data.name, data.version, data.content_sha256)
        if isinstance(data, PlaybookVersion):
            if content not in self._heard.drafts:
                playbook = _checked(data)
                with self._lock:
                    self._heard.drafts[content] = (playbook, Signed(data.author, event.time))
                    self._standing = None
            return
        with self._lock:
            if isinstance(data, PlaybookApproval):
                self._approve(content, Signed(data.approver, event.time))
            else:
                self._heard.withdrawals.setdefault(content, Signed(data.actor, event.time))
            self._standing = None

    def _approve(self, content: Content, approval: Signed) -> None:
        # The draft may come later: written twice, only its second copy outlives compaction.
        draft = self._heard.drafts.get(content)
        if draft is not None and draft[1].actor == approval.actor:
            raise Rejection(
                "invalid_field", "Let a second person approve: not its author.", "/data/approver"
            )
        for other in self._heard.approvals:
            if other[:3] == content[:3] and other != content:
                raise Rejection(
                    "invalid_field",
                    "Raise the version: another content of this one is approved.",
                    "/data/content_sha256",
                )
        self._heard.approvals.setdefault(content, []).append(approval)


def _checked(record: PlaybookVersion) -> Playbook:
    try:
        playbook = build(source_of(record.name, record.document, record.templates))
    except PlaybookFaults as faults:
        shown = "; ".join(str(fault) for fault in faults.faults[:_SHOWN_FAULTS])
        raise Rejection("invalid_field", f"Mend the playbook: {shown}"[:2000], "/data") from None
    if playbook.version != record.version:
        raise Rejection("invalid_field", "Name the document's own version.", "/data/version")
    if playbook.content_hash != record.content_sha256:
        raise Rejection("invalid_field", "Name the content's own hash.", "/data/content_sha256")
    return playbook


def _standing(heard: _Heard) -> Standing:
    return Standing(
        tuple(
            Edition(
                content.tenant,
                playbook,
                author,
                _by_another(heard.approvals.get(content, ()), author),
                heard.withdrawals.get(content),
            )
            for content, (playbook, author) in heard.drafts.items()
        )
    )


def _by_another(approvals: Iterable[Signed], author: Signed) -> Signed | None:
    return next((one for one in approvals if one.actor != author.actor), None)


def _version(edition: Edition) -> tuple[str, str, int]:
    return edition.tenant, edition.playbook.name, edition.playbook.version
