"""The segmenter's SQL. Nothing here commits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from psycopg.errors import SerializationFailure
from sqlalchemy import text
from sqlmodel import Session

from services.segmenter import rules
from services.segmenter.model import Profile
from services.segmenter.tables import ProfileRow

Customer = tuple[str, str]
"""Tenant and customer id."""

Obligation = tuple[str, str]
"""Tenant and the publisher's id."""


class Profiles(dict[Customer, Profile]):
    """Profiles by customer. `fresh`: those that had no row to lock."""

    fresh: frozenset[Customer] = frozenset()


def lock_profiles(session: Session, customers: Sequence[Customer]) -> Profiles:
    """The profiles of `customers`, locked until the commit; new ones for those not known yet."""
    wanted = sorted(set(customers))
    rows = session.connection().execute(
        text(
            "SELECT tenant, customer, state::text FROM profile"
            " JOIN json_to_recordset(CAST(:wanted AS json)) AS w(t text, c text)"
            " ON tenant = w.t AND customer = w.c ORDER BY tenant, customer FOR UPDATE OF profile"
        ),
        {"wanted": _json([{"t": t, "c": c} for t, c in wanted])},
    )
    found = {(tenant, customer): rules.decode(state) for tenant, customer, state in rows}
    profiles = Profiles({customer: found.get(customer) or Profile() for customer in wanted})
    profiles.fresh = frozenset(profiles.keys() - found.keys())
    return profiles


def lock_with_heirs(session: Session, customers: Sequence[Customer]) -> Profiles:
    """As `lock_profiles`, with those of the ids that stand for them since they were merged."""
    profiles = lock_profiles(session, customers)
    while heirs := _heirs(profiles) - profiles.keys():
        more = lock_profiles(session, sorted(heirs))
        profiles.update(more)
        profiles.fresh |= more.fresh
    return profiles


def ids_of(session: Session, tenant: str, customer: str) -> list[str]:
    """All ids of the person: this one, those that stand for it, and those merged into any."""
    found = session.connection().execute(
        text(
            "WITH RECURSIVE up(id) AS (SELECT CAST(:customer AS text) UNION"
            " SELECT p.state->>'merged_into' FROM profile AS p JOIN up ON p.customer = up.id"
            " WHERE p.tenant = :tenant AND p.state->>'merged_into' IS NOT NULL),"
            " one(id) AS (SELECT id FROM up UNION"
            " SELECT p.customer FROM profile AS p JOIN one ON p.state->>'merged_into' = one.id"
            " WHERE p.tenant = :tenant) SELECT id FROM one ORDER BY id"
        ),
        {"tenant": tenant, "customer": customer},
    )
    return [row.id for row in found]


def _heirs(profiles: Profiles) -> set[Customer]:
    return {
        (tenant, profile.merged_into)
        for (tenant, _), profile in profiles.items()
        if profile.merged_into is not None
    }


def add_parties(session: Session, told: Mapping[Obligation, Collection[str]]) -> None:
    """Note who answers together for an obligation; whoever did so far stays."""
    for (tenant, obligation_id), parties in sorted(told.items()):
        session.connection().execute(
            text(
                "INSERT INTO joint_obligation AS j VALUES (:tenant, :obligation_id, :parties)"
                " ON CONFLICT (tenant, obligation_id) DO UPDATE SET parties = ARRAY("
                "SELECT DISTINCT unnest(j.parties || excluded.parties) ORDER BY 1)"
            ),
            {"tenant": tenant, "obligation_id": obligation_id, "parties": sorted(parties)},
        )


def parties(session: Session, named: Collection[Obligation]) -> dict[Obligation, list[str]]:
    """Who answers for those of the obligations that several answer for."""
    if not named:
        return {}
    wanted = sorted(named)
    rows = session.connection().execute(
        text(
            "SELECT tenant, obligation_id, parties FROM joint_obligation"
            " JOIN unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, o)"
            " ON tenant = w.t AND obligation_id = w.o"
        ),
        {"tenants": [one for one, _ in wanted], "ids": [one for _, one in wanted]},
    )
    return {(tenant, obligation): among for tenant, obligation, among in rows}


def save_profiles(session: Session, profiles: Profiles, now: datetime) -> None:
    """Write the profiles as they are now.

    Raises SerializationFailure, which passes, where another transaction has made one that this
    one believes to be new: two topics may tell of the same unknown customer at once.
    """
    ordered = sorted(profiles)
    saved = session.connection().execute(
        text(
            "INSERT INTO profile (tenant, customer, state, updated_at)"
            " SELECT t, c, s, :now FROM json_to_recordset(CAST(:rows AS json))"
            " AS given(t text, c text, s jsonb)"
            " ON CONFLICT (tenant, customer)"
            " DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at"
            " WHERE (profile.tenant, profile.customer) NOT IN (SELECT t, c FROM"
            " json_to_recordset(CAST(:fresh AS json)) AS new(t text, c text))"
        ),
        {
            "rows": _json([{"t": t, "c": c, "s": profiles[t, c]} for t, c in ordered]),
            "fresh": _json([{"t": t, "c": c} for t, c in sorted(profiles.fresh)]),
            "now": now,
        },
    )
    if saved.rowcount != len(ordered):
        raise SerializationFailure("another transaction has made one of the profiles")


def newest_versions(
    session: Session, obligations: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """The highest publisher's version of each (tenant, obligation) that has one, locked."""
    if not obligations:
        return {}
    wanted = sorted(set(obligations))
    rows = session.connection().execute(
        text(
            "SELECT tenant, obligation_id, version FROM obligation_version"
            " JOIN unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, o)"
            " ON tenant = w.t AND obligation_id = w.o"
            " ORDER BY tenant, obligation_id FOR UPDATE OF obligation_version"
        ),
        {"tenants": [one for one, _ in wanted], "ids": [one for _, one in wanted]},
    )
    return {(tenant, obligation): version for tenant, obligation, version in rows}


def save_versions(session: Session, versions: Mapping[tuple[str, str], int]) -> None:
    """Raise the versions seen; a lower one never replaces a higher one."""
    if not versions:
        return
    ordered = sorted(versions)
    session.connection().execute(
        text(
            "INSERT INTO obligation_version (tenant, obligation_id, version)"
            " SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
            " CAST(:versions AS bigint[]))"
            " ON CONFLICT (tenant, obligation_id)"
            " DO UPDATE SET version = greatest(obligation_version.version, excluded.version)"
        ),
        {
            "tenants": [tenant for tenant, _ in ordered],
            "ids": [obligation for _, obligation in ordered],
            "versions": [versions[key] for key in ordered],
        },
    )


def find_profile(session: Session, tenant: str, customer: str) -> ProfileRow | None:
    """One customer's profile, not locked."""
    return session.get(ProfileRow, (tenant, customer))


def _json(rows: Sequence[object]) -> str:
    """Rows as one JSON parameter: far cheaper to hand over than arrays of text."""
    return msgspec.json.encode(rows).decode()
