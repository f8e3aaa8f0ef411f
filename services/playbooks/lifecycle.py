"""From a draft to a version in force, and out of force again: who may do what, and when."""

from collections.abc import Sequence

from pydantic import ValidationError

from schemas.envelope import MAX_VALUE_BYTES, Envelope, encode, make
from schemas.playbook_records import (
    PlaybookApproval,
    PlaybookVersion,
    PlaybookWithdrawal,
    key_of,
)
from services.playbooks.catalogue import Edition, Signed, Standing
from services.playbooks.load import Source
from services.playbooks.model import Playbook

FOLDER = "folder"
"""Author of what comes from PLAYBOOKS_DIR: whoever wrote it there."""
OPERATOR = "operator"
"""Approves what comes from PLAYBOOKS_DIR: whoever deployed the folder has read it."""


class Refused(Exception):
    """It may not be done; the text says why, and what can be done instead."""


def draft(
    standing: Standing, tenant: str, playbook: Playbook, source: Source, author: Signed
) -> Envelope:
    """The record of a new draft. Raises Refused."""
    name, version = playbook.name, playbook.version
    for other in standing.of_version(tenant, name, version):
        if other.playbook.content_hash == playbook.content_hash:
            raise Refused(f"{name} version {version} is {other.status} already, just so")
        if other.status != "draft":
            raise Refused(_taken(playbook, other))
    newest = standing.in_force(tenant).get(name)
    if newest is not None and newest.version > version:
        raise Refused(
            f"{name} version {newest.version} is in force: raise version above it, "
            f"{version} would never be used"
        )
    return _draft(tenant, playbook, source, author)


def from_folder(
    standing: Standing, tenant: str, playbook: Playbook, source: Source, at: Signed
) -> Sequence[Envelope]:
    """The records that put a folder's version in force; none where it is known.

    A withdrawn version stays withdrawn. Raises Refused where the version has another content.
    """
    known = standing.of_version(tenant, playbook.name, playbook.version)
    for other in known:
        same = other.playbook.content_hash == playbook.content_hash
        if not same and other.status != "draft":
            raise Refused(_taken(playbook, other))
        if same and other.status != "draft":
            return ()
    author = Signed(FOLDER, at.at)
    drafted = any(one.playbook.content_hash == playbook.content_hash for one in known)
    drafts = () if drafted else (_draft(tenant, playbook, source, author),)
    return (*drafts, _approval(tenant, playbook, at))


def approve(standing: Standing, tenant: str, name: str, version: int, approver: Signed) -> Envelope:
    """The record of an approval of the newest draft of a version. Raises Refused."""
    known = _known(standing, tenant, name, version)
    if any(one.status != "draft" for one in known):
        raise Refused(f"{name} version {version} is {_decided(known).status} already")
    newest = known[-1]
    if newest.author.actor == approver.actor:
        raise Refused(
            f"{approver.actor} wrote {name} version {version}: a second person must approve it"
        )
    return _approval(tenant, newest.playbook, approver)


def withdraw(standing: Standing, tenant: str, name: str, version: int, actor: Signed) -> Envelope:
    """The record of a withdrawal of a published version. Raises Refused."""
    known = _known(standing, tenant, name, version)
    decided = _decided(known)
    if decided.status != "published":
        raise Refused(f"{name} version {version} is {decided.status}: it is not in force anyway")
    playbook = decided.playbook
    record = PlaybookWithdrawal(
        name=name, version=version, content_sha256=playbook.content_hash, actor=_actor(actor)
    )
    return _record(tenant, record, actor)


def _draft(tenant: str, playbook: Playbook, source: Source, author: Signed) -> Envelope:
    record = PlaybookVersion(
        name=playbook.name,
        version=playbook.version,
        content_sha256=playbook.content_hash,
        author=_actor(author),
        document=source.file.data,
        templates={locale: file.data for locale, file in source.templates.items()},
    )
    event = _record(tenant, record, author)
    if (size := len(encode(event))) > MAX_VALUE_BYTES:
        raise Refused(f"{playbook.name} has {size} bytes: shorten it to {MAX_VALUE_BYTES}")
    return event


def _approval(tenant: str, playbook: Playbook, approver: Signed) -> Envelope:
    record = PlaybookApproval(
        name=playbook.name,
        version=playbook.version,
        content_sha256=playbook.content_hash,
        approver=_actor(approver),
    )
    return _record(tenant, record, approver)


def _record(
    tenant: str, record: PlaybookVersion | PlaybookApproval | PlaybookWithdrawal, by: Signed
) -> Envelope:
    key = key_of(tenant, record)
    try:
        return make(
            record.TYPE,
            record,
            id=f"{key}/{int(by.at.timestamp())}",
            source="/rapport/operators",
            tenant=tenant,
            subject=key,
            time=by.at,
        )
    except ValidationError as error:
        raise Refused(
            f"{tenant}/{record.name}: give tenant and playbook shorter, plain names"
        ) from error


def _known(standing: Standing, tenant: str, name: str, version: int) -> list[Edition]:
    known = standing.of_version(tenant, name, version)
    if not known:
        raise Refused(f"there is no {name} version {version} of tenant {tenant}")
    return known


def _decided(known: Sequence[Edition]) -> Edition:
    """The content that was approved; the newest draft where none was."""
    return next((one for one in known if one.approval is not None), known[-1])


def _taken(playbook: Playbook, other: Edition) -> str:
    return (
        f"{playbook.name} version {playbook.version} is {other.status} with other content: "
        "raise the version"
    )


def _actor(by: Signed) -> str:
    if "@" in by.actor or not by.actor or len(by.actor) > 64:
        raise Refused("name whoever does it by a short name without @, such as a token's")
    return by.actor
