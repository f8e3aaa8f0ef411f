"""Policy packs: read whole or refused with file and line; combined so that the strictest wins."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rapport.audit.packs import _permits
from schemas.policy import PolicyPack
from services.policy.consent import check_consent, may_steer, required_disclosures
from services.policy.model import Approach, ConsentRecord, Pack, Zones
from services.policy.packs import PolicyFaults, applying, from_content, load

SHIPPED = Path(__file__).parents[3] / "deploy" / "policies"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
JAPAN = Zones(("Asia/Tokyo",), countries=("JP",))
FRANCE = Zones(("Europe/Paris",), countries=("FR",))


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"rule": name, "citation": "test", "status": "binding", "verified": True, **more}


def pack(name: str, country: str, **rules: Any) -> Pack:
    content = {"name": name, "version": 1, "title": "For tests"}
    return from_content({**content, "applies": {"countries": [country]}, **rules})


def test_the_shipped_packs_load_and_keep_their_content() -> None:
    packs = load(SHIPPED)
    assert {"default", "cn", "jp", "in"} <= {p.name for p in packs}
    for one in packs:
        assert from_content(one.content).sha256 == one.sha256


def test_the_guide_names_each_pack_in_its_version_and_what_was_not_verified() -> None:
    guide = (SHIPPED.parents[1] / "docs" / "policies.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in guide.splitlines() if line.startswith("| `")}
    for one in load(SHIPPED):
        assert rows[one.name].startswith(f"| `{one.name}` | {one.version} |")
        for kind in ("hours", "closed", "caps", "gaps", "disclosures", "consent", "right_party",
                     "stop_words", "prohibited_wording", "holds", "notices"):  # fmt: skip
            for asked in one.content[kind]:
                assert asked["verified"] or f"`{asked['rule']}`" in rows[one.name]


def test_the_baseline_is_what_the_house_promises() -> None:
    default = next(p for p in load(SHIPPED) if p.name == "default")
    assert [(h.opens, h.closes) for h in default.hours] == [(480, 1260)]
    assert [(c.limit, c.window) for c in default.caps if not c.gap] == [(3, timedelta(hours=168))]
    assert required_disclosures(NOW, FRANCE, [default], Approach("service", "email")) == (
        "one_click_opt_out",
        "postal_address",
        "purpose_of_message",
        "sender_identity",
    )
    assert not may_steer("age", NOW, FRANCE, [default]).allowed


def test_a_country_brings_its_pack() -> None:
    packs = load(SHIPPED)
    assert [p.name for p in applying(packs, JAPAN)] == ["default", "jp"]
    assert [p.name for p in applying(packs, FRANCE)] == ["default", "eu"]


def test_an_unknown_region_does_not_escape_its_pack_and_a_city_must_be_named() -> None:
    content = {"name": "ma", "version": 1, "title": "For tests"}
    region = from_content({**content, "applies": {"regions": ["US-MA"]}})
    city = from_content({**content, "applies": {"cities": ["New York"]}})

    def us(region: str | None = None, city: str | None = None) -> Zones:
        return Zones(("America/New_York",), countries=("US",), region=region, city=city)

    assert applying([region], us())
    assert applying([region], us(region="US-MA"))
    assert not applying([region], us(region="US-CA"))
    assert applying([city], us(city="new york"))
    assert not applying([city], us())


FAULTS = [
    ("  until: '21:00'", "  until: 2100", 9, "write the time in quotes"),
    ("  until: '21:00'", "  until: '07:00'", 6, "'from' must be earlier"),
    ("version: 1", "version: one", 2, "version"),
    ("verified: true", "verifed: true", 11, "verifed"),
    ("title: Test", "title: Test\ntitle: Twice", 4, "stands twice"),
    ("applies: {everywhere: true}", "applies: {everywhere: true", 5, "not YAML"),
    ("  in_force: {from: pack}\n", "", 6, "hours: say since when it is in force"),
    ("  in_force: {from: pack}\n", "  in_force: {from: }\n", 13, "hours: say since when it is"),
    ("{from: pack}", "{from: 2026-02-30}", 13, "'2026-02-30' is no date; write YYYY-MM-DD"),
    ("{from: pack}", "{from: unknown, source: gazette}", 13, "'source' and 'verified' are about"),
    ("status: house", "status: binding", 6, "is for house rules"),
]
GOOD = """\
name: base
version: 1
title: Test
applies: {everywhere: true}
hours:
- rule: hours

  from: '08:00'
  until: '21:00'
  citation: test
  verified: true
  status: house
  in_force: {from: pack}
caps:
- {rule: week, limit: 3, window_hours: 168, citation: test, status: binding, verified: true,
   in_force: {from: 2026-01-01}}
"""


@pytest.mark.parametrize(("old", "new", "line", "words"), FAULTS)
def test_faults_name_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    file = tmp_path / "base.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load(tmp_path)
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyFaults) as caught:
        load(tmp_path)
    text = str(caught.value)
    assert f"{file}:{line}:" in text
    assert words in text


def test_what_permits_from_a_date_that_is_not_verified_does_not_permit(tmp_path: Path) -> None:
    file = tmp_path / "base.yaml"
    for verified in (True, False):
        said = f"{{from: 2030-01-01, verified: {str(verified).lower()}}}"
        file.write_text(GOOD.replace("{from: pack}", said, 1), encoding="utf-8")
        (pack,) = load(tmp_path)
        rule = PolicyPack.model_validate(pack.content).hours[0]
        assert (pack.hours[0].loosens, _permits(rule)) == (verified, verified)


def test_a_directory_without_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaults, match=r"default\.yaml"):
        load(tmp_path)


def test_only_a_verified_permit_in_every_country_lets_age_steer() -> None:
    base = pack("base", "JP", steering={"forbidden": [rule("f", attributes=["age"], yields=True)]})
    permit = {"permits": [rule("p", attributes=["age"])]}
    doubtful = {"permits": [rule("p", attributes=["age"], verified=False)]}
    both = Zones(("Asia/Tokyo", "Europe/Paris"), countries=("FR", "JP"))
    assert may_steer("age", NOW, JAPAN, [base, pack("jp", "JP", steering=permit)]).allowed
    assert not may_steer("age", NOW, JAPAN, [base, pack("jp", "JP", steering=doubtful)]).allowed
    assert not may_steer("age", NOW, both, [base, pack("jp", "JP", steering=permit)]).allowed
    hard = pack("law", "JP", steering={"forbidden": [rule("f", attributes=["age"])]})
    assert not may_steer("age", NOW, JAPAN, [hard, pack("jp", "JP", steering=permit)]).allowed


def said(status: str, channel: str, purpose: str, hour: int) -> ConsentRecord:
    return ConsentRecord(channel, purpose, status, NOW.replace(hour=hour))


@pytest.mark.parametrize(
    ("records", "purpose", "reason"),
    [
        ([], "collection", None),
        ([], "marketing", "no_consent"),
        ([said("granted", "email", "marketing", 1)], "marketing", None),
        ([said("revoked", "*", "*", 1)], "collection", "opted_out"),
        ([said("denied", "email", "service", 1)], "collection", None),
        ([said("revoked", "*", "*", 1), said("granted", "email", "service", 2)], "service", None),
        (
            [said("revoked", "email", "service", 1), said("granted", "*", "*", 2)],
            "service",
            "opted_out",
        ),
        (
            [said("granted", "email", "service", 1), said("revoked", "*", "*", 2)],
            "service",
            "opted_out",
        ),
    ],
)
def test_consent(records: list[ConsentRecord], purpose: str, reason: str | None) -> None:
    packs = applying(load(SHIPPED), FRANCE)
    verdict = check_consent(
        NOW, FRANCE, packs, Approach(purpose, "email"), records, relationship=True
    )
    assert verdict.reason == reason


def test_japan_accepts_a_running_relationship() -> None:
    packs = applying(load(SHIPPED), JAPAN)
    for relationship in (True, False):
        verdict = check_consent(NOW, JAPAN, packs, Approach("retention", "email"), [], relationship)
        assert verdict.allowed is relationship


@pytest.mark.parametrize(
    ("told", "allowed"), [({}, True), ({"verified": False}, False), ({"status": "draft"}, False)]
)
def test_only_a_verified_relationship_takes_the_place_of_consent(
    told: dict[str, Any], allowed: bool
) -> None:
    needs = pack("house", "JP", consent=[rule("needs", basis="opt_in", yields=True)])
    takes = pack("jp", "JP", consent=[rule("takes", basis="relationship", **told)])
    verdict = check_consent(
        NOW, JAPAN, [needs, takes], Approach("retention", "email"), [], relationship=True
    )
    assert verdict.allowed is allowed


def test_an_expired_grant_is_none() -> None:
    packs = applying(load(SHIPPED), FRANCE)
    grant = ConsentRecord("email", "marketing", "granted", NOW.replace(hour=1), NOW)
    assert not check_consent(
        NOW, FRANCE, packs, Approach("marketing", "email"), [grant], False
    ).allowed
