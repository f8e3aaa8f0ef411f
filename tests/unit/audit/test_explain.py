"""Stories of customers, told from the log alone."""

from rapport.explain import Story, explain
from rapport.sentences import money, sentence
from schemas.facts import FACTS
from support.audit.good_world import good


def story(customer: str, tenant: str = "default") -> Story:
    return next(one for one in explain(good().records(), customer) if one.tenant == tenant)


def texts(told: Story) -> dict[str, list[str]]:
    return {chapter.title: [line.what for line in chapter.lines] for chapter in told.chapters}


def test_each_enrolment_is_a_chapter_with_its_outcome() -> None:
    told = texts(story("tries"))
    chapter = told["bill-reminder v1 about bill b-tries"]
    assert any("refused at the last check: cap (house/week v1)" in line for line in chapter)
    assert any("not sent: greylisted (451), may be tried again" in line for line in chapter)
    assert any("may have gone, not sent again: crash" in line for line in chapter)


def test_rules_versions_and_places_are_told() -> None:
    chapter = texts(story("delhi"))["bill-reminder v1 about bill b-delhi"]
    sending = next(line for line in chapter if line.startswith("about to send"))
    assert "allowed by house v1, india v3 in Asia/Kolkata" in sending


def test_times_are_the_customers_own() -> None:
    lines = [line for chapter in story("tokyo").chapters for line in chapter.lines]
    paid = next(line for line in lines if "payment.received" in line.what)
    assert paid.at == "2026-03-10 09:00:00 JST"


def test_planned_instants_are_the_customers_own() -> None:
    chapter = texts(story("tokyo"))["bill-reminder v1 about bill b-tokyo"]
    assert "step planned for 2026-03-03 09:00 JST in Asia/Tokyo" in chapter


def test_tenants_are_kept_apart() -> None:
    assert [one.tenant for one in explain(good().records(), "tokyo")] == ["acme", "default"]
    assert not explain(good().records(), "nobody")


def test_offers_and_agreements_stand_with_their_enrolment() -> None:
    chapter = texts(story("anywhere"))["recover v1 about bill b-any"]
    assert "agreed on 180.01 USD in 3 payments about b-any" in chapter
    assert any("offer of 180.01 USD in 3 instalments, 20.00 USD off" in line for line in chapter)


def test_every_fact_has_its_sentence() -> None:
    assert [
        model.TYPE for model in FACTS if sentence.dispatch(model) is sentence.dispatch(object)
    ] == []


def test_money_has_its_currencys_decimals() -> None:
    assert [money(1234, code) for code in ("USD", "JPY", "KWD")] == [
        "12.34 USD",
        "1234 JPY",
        "1.234 KWD",
    ]
