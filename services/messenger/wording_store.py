"""The messenger's SQL about wordings and what became of them. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col, select

from services.messenger.wording_tables import (
    WordingCountRow,
    WordingOutcomeRow,
    WordingReversalRow,
    WordingStateRow,
    WordingSubjectRow,
    WordingTrialRow,
)


class Outcome(NamedTuple):
    """A good end of an obligation; payment_id: of a payment, else empty."""

    tenant: str
    obligation_id: str
    at: datetime
    payment_id: str = ""


def add_trials(
    session: Session, trials: Sequence[Mapping[str, Any]], subjects: Sequence[Mapping[str, Any]]
) -> None:
    """Messages whose wording was chosen, by the fields of their tables."""
    if trials:
        session.execute(insert(WordingTrialRow), list(trials))
    if subjects:
        session.execute(upsert(WordingSubjectRow).on_conflict_do_nothing(), list(subjects))


def add_outcomes(session: Session, outcomes: Iterable[Outcome]) -> None:
    """Good ends; one that is known already changes nothing."""
    if rows := [one._asdict() for one in outcomes]:
        session.execute(upsert(WordingOutcomeRow).on_conflict_do_nothing(), rows)


def undo(session: Session, payments: Iterable[Outcome]) -> None:
    """Payments that were taken back: what they earned is judged again without them.

    They are kept, for the log's lanes tell in no common order: a payment may come after.
    """
    rows = [one._asdict() for one in payments]
    if not rows:
        return
    session.execute(upsert(WordingReversalRow).on_conflict_do_nothing(), rows)
    session.connection().execute(
        text(
            "UPDATE wording_trial AS k SET rewarded = false, fresh = true"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, o)"
            " JOIN wording_subject s ON s.tenant = w.t AND s.obligation_id = w.o"
            " WHERE k.tenant = s.tenant AND k.message_id = s.message_id AND k.rewarded"
        ),
        {
            "tenants": [one["tenant"] for one in rows],
            "ids": [one["obligation_id"] for one in rows],
        },
    )


def follow(session: Session, links: Mapping[tuple[str, str, str], bool]) -> None:
    """Note which links of their messages people followed, by (tenant, message, link).

    False: it was a scanner's after all; what a person followed besides counts on.
    """
    if not links:
        return
    session.connection().execute(
        text(
            "UPDATE wording_trial SET followed = ARRAY(SELECT DISTINCT l"
            " FROM unnest(followed || w.people) AS l WHERE l <> ALL (w.scanners)),"
            " clicked = EXISTS (SELECT FROM unnest(followed || w.people) AS l"
            " WHERE l <> ALL (w.scanners))"
            " FROM (SELECT t, m, coalesce(array_agg(l) FILTER (WHERE p), '{}') AS people,"
            " coalesce(array_agg(l) FILTER (WHERE NOT p), '{}') AS scanners"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
            " CAST(:links AS text[]), CAST(:by_people AS boolean[])) AS n(t, m, l, p)"
            " GROUP BY t, m) AS w WHERE tenant = w.t AND message_id = w.m"
        ),
        {
            "tenants": [tenant for tenant, _, _ in links],
            "ids": [message_id for _, message_id, _ in links],
            "links": [link for _, _, link in links],
            "by_people": list(links.values()),
        },
    )


def mark_harmed(session: Session, messages: Iterable[tuple[str, str]]) -> None:
    """Messages (tenant, id) that were complained of, or answered by an opt-out."""
    wanted = list(messages)
    if not wanted:
        return
    session.connection().execute(
        text(
            "UPDATE wording_trial SET harmed = true"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, m)"
            " WHERE tenant = w.t AND message_id = w.m AND NOT harmed"
        ),
        {"tenants": [tenant for tenant, _ in wanted], "ids": [one for _, one in wanted]},
    )


def alone(session: Session) -> bool:
    """Whether nobody else weighs wordings until this transaction ends."""
    found = session.connection().execute(
        text("SELECT pg_try_advisory_xact_lock(hashtext('rapport.wording'))")
    )
    return bool(found.scalar_one())


def match_outcomes(session: Session, window_days: int, limit: int) -> bool:
    """Reward trials whose obligation came to a good end in their window; True if more may wait.

    What is fresh is read first and put by last: what is committed in between stays fresh.
    """
    connection = session.connection()
    trials = connection.execute(
        text("SELECT tenant, message_id FROM wording_trial WHERE fresh ORDER BY at LIMIT :limit"),
        {"limit": limit},
    ).all()
    outcomes = connection.execute(
        text(
            "SELECT tenant, obligation_id, payment_id, at FROM wording_outcome WHERE fresh"
            " ORDER BY at LIMIT :limit"
        ),
        {"limit": limit},
    ).all()
    new = {
        "trial_tenants": [row.tenant for row in trials],
        "trials": [row.message_id for row in trials],
        "tenants": [row.tenant for row in outcomes],
        "obligations": [row.obligation_id for row in outcomes],
        "payments": [row.payment_id for row in outcomes],
        "ats": [row.at for row in outcomes],
    }
    connection.execute(
        text(
            "UPDATE wording_trial AS k SET rewarded = true FROM ("
            " SELECT s.tenant, s.message_id, o.obligation_id, o.payment_id, o.at"
            " FROM unnest(CAST(:trial_tenants AS text[]), CAST(:trials AS text[])) AS n(t, m)"
            " JOIN wording_subject s ON s.tenant = n.t AND s.message_id = n.m"
            " JOIN wording_outcome o ON o.tenant = s.tenant AND o.obligation_id = s.obligation_id"
            " UNION SELECT s.tenant, s.message_id, n.o, n.p, n.at"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:obligations AS text[]),"
            " CAST(:payments AS text[]), CAST(:ats AS timestamptz[])) AS n(t, o, p, at)"
            " JOIN wording_subject s ON s.tenant = n.t AND s.obligation_id = n.o"
            ") AS f WHERE k.tenant = f.tenant AND k.message_id = f.message_id"
            " AND NOT k.rewarded AND f.at >= k.at"
            " AND f.at < k.at + make_interval(days => :days)"
            " AND NOT EXISTS (SELECT 1 FROM wording_reversal r WHERE r.tenant = f.tenant"
            " AND r.obligation_id = f.obligation_id AND r.payment_id = f.payment_id"
            " AND r.at >= f.at)"
        ),
        {**new, "days": window_days},
    )
    connection.execute(
        text(
            "UPDATE wording_trial SET fresh = false FROM unnest(CAST(:trial_tenants AS text[]),"
            " CAST(:trials AS text[])) AS n(t, m) WHERE tenant = n.t AND message_id = n.m"
        ),
        new,
    )
    connection.execute(
        text(
            "UPDATE wording_outcome SET fresh = false FROM unnest(CAST(:tenants AS text[]),"
            " CAST(:obligations AS text[]), CAST(:ats AS timestamptz[])) AS n(t, o, at)"
            " WHERE tenant = n.t AND obligation_id = n.o AND wording_outcome.at = n.at"
        ),
        new,
    )
    return max(len(trials), len(outcomes)) >= limit


def count(session: Session, limit: int) -> bool:
    """Bring the counts up to what the trials say; True if more may wait."""

    def gained(bit: int) -> str:
        return f"sum((stands_as & {bit} > 0)::int - (counted_as & {bit} > 0)::int)"

    counted = session.connection().execute(
        text(
            "WITH changed AS (SELECT * FROM wording_trial WHERE counted_as <> stands_as"
            " ORDER BY at LIMIT :limit FOR UPDATE),"
            " noted AS (UPDATE wording_trial AS k SET counted_as = c.stands_as FROM changed c"
            " WHERE k.tenant = c.tenant AND k.message_id = c.message_id),"
            " told AS (INSERT INTO wording_count AS n (tenant, playbook, template, tone, segment,"
            " wording, sent_on, variant, sent, rewarded, clicked, harmed)"
            " SELECT tenant, playbook, template, tone, segment, wording,"
            " CAST(at AT TIME ZONE 'UTC' AS date), min(variant),"
            f" {gained(1)}, {gained(2)}, {gained(4)}, {gained(8)}"
            " FROM changed GROUP BY 1, 2, 3, 4, 5, 6, 7"
            " ON CONFLICT (tenant, playbook, template, tone, segment, wording, sent_on)"
            " DO UPDATE SET sent = n.sent + excluded.sent, rewarded = n.rewarded"
            " + excluded.rewarded, clicked = n.clicked + excluded.clicked,"
            " harmed = n.harmed + excluded.harmed) SELECT count(*) FROM changed"
        ),
        {"limit": limit},
    )
    return int(counted.scalar_one()) >= limit


def counts(session: Session, since: date) -> Sequence[WordingCountRow]:
    """What became of messages sent on `since` or later."""
    return session.exec(select(WordingCountRow).where(col(WordingCountRow.sent_on) >= since)).all()


def states(session: Session) -> Sequence[WordingStateRow]:
    """Wordings that were ever withdrawn."""
    return session.exec(select(WordingStateRow)).all()


def state_of(
    session: Session, tenant: str, wording: str, playbook: str
) -> Sequence[WordingStateRow]:
    """Where a wording was ever withdrawn, locked."""
    return session.exec(
        select(WordingStateRow)
        .where(
            WordingStateRow.tenant == tenant,
            WordingStateRow.wording == wording,
            WordingStateRow.playbook == playbook,
        )
        .with_for_update()
    ).all()


def put_state(session: Session, row: Mapping[str, Any]) -> None:
    """What the newest fact says of a wording, by the fields of `WordingStateRow`."""
    made = upsert(WordingStateRow).values(**row)
    keys = ("tenant", "playbook", "template", "tone", "wording")
    session.execute(
        made.on_conflict_do_update(
            index_elements=list(keys),
            set_={name: made.excluded[name] for name in row if name not in keys},
            where=col(WordingStateRow.at) <= made.excluded["at"],
        )
    )
