"""Versions, approvals and withdrawals: what is in force after which, and who may do what."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playbook_files import PLAYBOOK, write

from schemas.envelope import Envelope, encode, make, parse_data
from schemas.errors import Rejection
from schemas.playbook_records import key_of
from schemas.topics import PLAYBOOKS
from services.playbooks import lifecycle
from services.playbooks.catalogue import Catalogue, Signed, Standing
from services.playbooks.lifecycle import FOLDER, OPERATOR, Refused
from services.playbooks.load import Source, build, content_hash, read_source
from services.playbooks.model import Playbook

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Written = Callable[..., tuple[Playbook, Source]]


def by(actor: str, hours: int = 0) -> Signed:
    return Signed(actor, NOW + timedelta(hours=hours))


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A playbook `nudge` of a version and a title, as it stands in a folder."""

    def make_one(version: int = 1, title: str = "A nudge") -> tuple[Playbook, Source]:
        text = PLAYBOOK.replace("version: 1", f"version: {version}").replace("A nudge", title)
        home = tmp_path / f"{version}-{title}"
        source = read_source(home / "nudge" if home.exists() else write(home, text))
        return build(source), source

    return make_one


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


def hear(catalogue: Catalogue, *records: Envelope) -> None:
    for record in records:
        assert len(encode(record)) < 2**20
        catalogue.hear(record, parse_data(record, PLAYBOOKS))


def in_force(catalogue: Catalogue, tenant: str = "default") -> int | None:
    playbook = catalogue.standing.in_force(tenant).get("nudge")
    return playbook.version if playbook else None


def publish(catalogue: Catalogue, one: tuple[Playbook, Source], tenant: str = "default") -> None:
    version = one[0].version
    hear(catalogue, lifecycle.draft(catalogue.standing, tenant, *one, by("ann")))
    hear(catalogue, lifecycle.approve(catalogue.standing, tenant, "nudge", version, by("ben")))


def withdraw(catalogue: Catalogue, version: int) -> None:
    hear(
        catalogue,
        lifecycle.withdraw(catalogue.standing, "default", "nudge", version, by("eve", 1)),
    )


def test_a_draft_is_in_force_once_a_second_person_has_approved_it(
    catalogue: Catalogue, written: Written
) -> None:
    hear(catalogue, lifecycle.draft(catalogue.standing, "default", *written(), by("ann")))
    assert in_force(catalogue) is None
    with pytest.raises(Refused, match="ann wrote nudge version 1: a second person must approve"):
        lifecycle.approve(catalogue.standing, "default", "nudge", 1, by("ann"))
    hear(catalogue, lifecycle.approve(catalogue.standing, "default", "nudge", 1, by("ben", 1)))
    assert in_force(catalogue) == 1
    (edition,) = catalogue.standing.editions
    assert (edition.status, edition.author, edition.approval) == (
        "published",
        by("ann"),
        by("ben", 1),
    )


def test_the_highest_version_is_in_force_and_those_before_stay_known(
    catalogue: Catalogue, written: Written
) -> None:
    publish(catalogue, written(1))
    publish(catalogue, written(2))
    assert in_force(catalogue) == 2
    known = catalogue.standing.published("default", "nudge", 1)
    assert known is not None
    assert known.version == 1


def test_after_a_withdrawal_the_version_before_is_in_force_again_or_none(
    catalogue: Catalogue, written: Written
) -> None:
    publish(catalogue, written(1))
    publish(catalogue, written(2))
    withdraw(catalogue, 2)
    assert in_force(catalogue) == 1
    assert catalogue.standing.published("default", "nudge", 2), "who is in it, stays in it"
    withdraw(catalogue, 1)
    assert in_force(catalogue) is None
    assert catalogue.standing.published("default", "nudge", 1)
    publish(catalogue, written(3))
    assert in_force(catalogue) == 3


def test_tenants_have_their_own(catalogue: Catalogue, written: Written) -> None:
    publish(catalogue, written(1), "acme")
    assert (in_force(catalogue), in_force(catalogue, "acme")) == (None, 1)
    assert catalogue.standing.published("default", "nudge", 1) is None


def test_a_draft_may_be_changed_and_the_newest_is_what_is_approved(
    catalogue: Catalogue, written: Written
) -> None:
    for title in ("First", "Second"):
        draft = lifecycle.draft(catalogue.standing, "default", *written(1, title), by("ann"))
        hear(catalogue, draft)
    hear(catalogue, lifecycle.approve(catalogue.standing, "default", "nudge", 1, by("ben")))
    assert catalogue.standing.in_force("default")["nudge"].document.title == "Second"
    assert [one.status for one in catalogue.standing.editions] == ["draft", "published"]


def test_what_may_not_be_done_is_refused_with_its_remedy(
    catalogue: Catalogue, written: Written
) -> None:
    publish(catalogue, written(2))

    def refuses(words: str, do: Callable[..., Any], *arguments: Any) -> None:
        with pytest.raises(Refused, match=words):
            do(catalogue.standing, "default", *arguments)

    refuses("is published already, just so", lifecycle.draft, *written(2), by("ann"))
    refuses("other content: raise the version", lifecycle.draft, *written(2, "B"), by("ann"))
    refuses("version 2 is in force: raise version above", lifecycle.draft, *written(1), by("ann"))
    refuses("there is no nudge version 9", lifecycle.approve, "nudge", 9, by("ben"))
    refuses("is published already", lifecycle.approve, "nudge", 2, by("ben"))
    refuses("without @", lifecycle.draft, *written(3), by("ann@example.com"))
    hear(catalogue, lifecycle.draft(catalogue.standing, "default", *written(3), by("ann")))
    refuses("is draft: it is not in force", lifecycle.withdraw, "nudge", 3, by("ann"))
    withdraw(catalogue, 2)
    refuses("is withdrawn", lifecycle.withdraw, "nudge", 2, by("ann"))
    refuses("is withdrawn", lifecycle.approve, "nudge", 2, by("cid"))
    with pytest.raises(Refused, match="shorter, plain names"):
        lifecycle.draft(Standing(), "x" * 120, *written(1), by("ann"))


def test_a_folder_is_published_as_approved_once(catalogue: Catalogue, written: Written) -> None:
    one = written(1)
    records = lifecycle.from_folder(catalogue.standing, "default", *one, by(OPERATOR))
    hear(catalogue, *records, *records)
    assert in_force(catalogue) == 1
    (edition,) = catalogue.standing.editions
    assert (edition.author.actor, edition.approval and edition.approval.actor) == (FOLDER, OPERATOR)
    assert lifecycle.from_folder(catalogue.standing, "default", *one, by(OPERATOR)) == ()
    with pytest.raises(Refused, match="published with other content: raise the version"):
        lifecycle.from_folder(catalogue.standing, "default", *written(1, "B"), by(OPERATOR))


def test_a_folder_brings_no_withdrawn_version_back(catalogue: Catalogue, written: Written) -> None:
    publish(catalogue, written(1))
    withdraw(catalogue, 1)
    assert lifecycle.from_folder(catalogue.standing, "default", *written(1), by(OPERATOR)) == ()
    assert in_force(catalogue) is None


def test_a_folder_approves_a_draft_with_its_own_content(
    catalogue: Catalogue, written: Written
) -> None:
    hear(catalogue, lifecycle.draft(catalogue.standing, "default", *written(1), by("ann")))
    (approval,) = lifecycle.from_folder(catalogue.standing, "default", *written(1), by(OPERATOR))
    hear(catalogue, approval)
    assert in_force(catalogue) == 1


def test_the_order_that_compaction_leaves_changes_nothing(
    catalogue: Catalogue, written: Written
) -> None:
    draft, approval = lifecycle.from_folder(Standing(), "default", *written(1), by(OPERATOR))
    hear(catalogue, approval, draft)
    assert in_force(catalogue) == 1


def _changed(record: Envelope, **data: Any) -> Envelope:
    return record.model_copy(update={"data": {**record.data, **data}})


def _keyed(record: Envelope) -> Envelope:
    """The same record under the key that its data ask for."""
    data = parse_data(record, PLAYBOOKS)
    return record.model_copy(update={"subject": key_of(record.tenant, data)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda r: _changed(r, document={"name": "nudge"}), "Mend the playbook: .*missing; add it"),
        (lambda r: _changed(r, document=r.data["document"] | {"steps": 3}), "Mend the playbook"),
        (lambda r: _changed(r, templates={"en": {"hello": 7}}), "Mend the playbook"),
        (lambda r: _changed(r, templates={}), "add templates/en.yaml"),
        (lambda r: _keyed(_changed(r, content_sha256="0" * 64)), "Name the content's own hash"),
        (lambda r: _keyed(_changed(r, version=7)), "Name the document's own version"),
        (lambda r: r.model_copy(update={"subject": "nudge"}), "Set key and subject"),
    ],
)
def test_what_is_broken_is_refused_whole_and_the_version_in_force_stays(
    catalogue: Catalogue,
    written: Written,
    spoil: Callable[[Envelope], Envelope],
    words: str,
) -> None:
    publish(catalogue, written(1))
    before = catalogue.standing.editions
    bad = spoil(lifecycle.draft(catalogue.standing, "default", *written(2), by("ann")))
    with pytest.raises(Rejection, match=words):
        hear(catalogue, bad)
    assert catalogue.standing.editions == before
    assert in_force(catalogue) == 1


def test_a_hand_written_approval_of_ones_own_counts_nothing(
    catalogue: Catalogue, written: Written
) -> None:
    hear(catalogue, lifecycle.draft(catalogue.standing, "default", *written(1), by("ann")))
    approval = lifecycle.approve(catalogue.standing, "default", "nudge", 1, by("ben"))
    with pytest.raises(Rejection, match="Let a second person approve"):
        hear(catalogue, _changed(approval, approver="ann"))
    assert in_force(catalogue) is None
    hear(catalogue, approval)
    assert in_force(catalogue) == 1


def test_a_second_content_of_an_approved_version_can_not_be_approved(
    catalogue: Catalogue, written: Written
) -> None:
    drafts = [
        lifecycle.draft(Standing(), "default", *written(1, title), by("ann")) for title in "AB"
    ]
    hear(catalogue, *drafts)
    first = lifecycle.approve(catalogue.standing, "default", "nudge", 1, by("ben"))
    hear(catalogue, first)
    other = _keyed(_changed(first, content_sha256=drafts[0].data["content_sha256"]))
    with pytest.raises(Rejection, match="Raise the version: another content"):
        hear(catalogue, other)
    assert catalogue.standing.in_force("default")["nudge"].document.title == "B"


def test_another_type_is_refused(catalogue: Catalogue) -> None:
    event = make(
        "log.heartbeat",
        {"service": "x", "lane": 0, "sent_at": NOW.isoformat()},
        id="1",
        source="/x",
        tenant="default",
        subject="lane:0",
        time=NOW,
    )
    with pytest.raises(Rejection, match="Publish versions, approvals and withdrawals here"):
        catalogue.hear(event, parse_data(event))


def test_what_is_left_out_counts_nothing_in_the_hash(written: Written) -> None:
    playbook, source = written(1)
    said = source.file.data
    steps = [{**step, "at": step.get("at")} for step in said["steps"]]
    spelt_out = build(
        Source(
            source.file.__class__(source.file.file, {**said, "steps": steps}, {}), source.templates
        )
    )
    assert spelt_out.content_hash == playbook.content_hash
    assert playbook.content_hash == content_hash(playbook.document, playbook.templates, {})
