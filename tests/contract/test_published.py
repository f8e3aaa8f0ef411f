"""What is published: complete, up to date, and true of every example ever given."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from babel.numbers import get_currency_precision
from contract_examples import GOLDEN, SCHEMAS, golden, raw
from jsonschema import Draft202012Validator, FormatChecker

from schemas import facts, generate, topics
from schemas.customer_events import CustomerHoldPlaced, CustomerUpdated
from schemas.envelope import decode, encode, parse_data, unknown_fields
from schemas.registry import PUBLISHED, model_for, public_part
from schemas.world import CURRENCIES, minor_units

EXAMPLES = sorted(path.stem for path in GOLDEN.glob("*.json"))

INBOUND = """
customer.updated customer.consent_changed customer.hold_placed customer.hold_lifted
customer.merged customer.dormant customer.active bill.due_soon bill.updated bill.closed
payment.missed payment.received payment.failed payment.reversed subscription.expiring
subscription.expired subscription.renewed subscription.cancelled application.abandoned
application.completed application.withdrawn benefit.granted benefit.withdrawn contact.made
notice.sent request.answered
"""

FACTS = """
event.applied customer.segmented customer.held_out customer.erased outreach.enrolled
outreach.step_planned outreach.step_deferred outreach.step_suppressed outreach.dispatched
outreach.cancelled outreach.completed message.intended message.sent message.failed
message.unknown message.delivered message.bounced message.complained message.opened
message.clicked message.replied contact.unsubscribed contact.right_party
contact.preference_changed feedback.given offer.proposed offer.countered offer.accepted
offer.declined offer.expired agreement.made agreement.kept agreement.broken agreement.reopened
agreement.completed request.made notice.required handoff.requested handoff.assigned
handoff.resolved
"""

REQUIRED_FIELDS = {
    "customer.updated": "",
    "customer.consent_changed": "channel purpose status",
    "customer.hold_placed": "kind",
    "customer.merged": "into",
    "customer.dormant": "last_active_on",
    "bill.due_soon": "bill_id creditor amount_minor currency due_date",
    "bill.updated": "bill_id creditor amount_minor currency due_date",
    "bill.closed": "bill_id why",
    "payment.missed": "bill_id creditor amount_minor currency due_date",
    "payment.received": "payment_id bill_id amount_minor currency remaining_minor",
    "payment.reversed": "payment_id bill_id amount_minor currency remaining_minor",
    "subscription.expiring": "subscription_id plan expires_on price_minor currency",
    "subscription.renewed": "subscription_id",
    "application.abandoned": "application_id product step",
    "application.completed": "application_id",
    "benefit.granted": "benefit_id kind title",
    "benefit.withdrawn": "benefit_id",
    "contact.made": "channel direction outcome at",
    "notice.sent": "kind obligation_id at",
    "request.answered": "request_id answer",
}


def published_schema(name: str) -> dict[str, object]:
    schema: dict[str, object] = json.loads(
        (SCHEMAS / "json" / f"{name}.json").read_text(encoding="utf-8")
    )
    return schema


@pytest.mark.parametrize("event_type", INBOUND.split())
def test_every_type_of_the_design_may_be_published(event_type: str) -> None:
    assert event_type == model_for(topics.CUSTOMER_EVENTS, event_type).TYPE


@pytest.mark.parametrize("event_type", FACTS.split())
def test_every_fact_of_the_design_stands_on_the_log(event_type: str) -> None:
    assert event_type == model_for(topics.OUTREACH_LOG, event_type).TYPE


@pytest.mark.parametrize(("event_type", "names"), REQUIRED_FIELDS.items())
def test_required_fields_are_those_of_the_design(event_type: str, names: str) -> None:
    fields = model_for(topics.CUSTOMER_EVENTS, event_type).model_fields
    assert {name for name, field in fields.items() if field.is_required()} == set(names.split())


def test_classes_are_called_after_their_types() -> None:
    for models in PUBLISHED.values():
        for model in models:
            words = re.split(r"[._]", model.TYPE)
            if model.TYPE not in ("outreach.dispatch_ordered",):
                assert model.__name__ == "".join(word.capitalize() for word in words)


def test_every_fact_has_one_writer() -> None:
    written = [fact for models in facts.WRITERS.values() for fact in models]
    assert len(written) == len(set(written))
    assert {*written, *facts.SHARED} == set(facts.FACTS)


def test_generated_files_are_up_to_date() -> None:
    assert generate.differences(SCHEMAS) == []


def test_nothing_published_is_broken() -> None:
    assert generate.breaks(SCHEMAS) == []


def test_each_type_and_version_has_an_example_and_none_was_lost() -> None:
    present = {f"{model.TYPE}-{model.VERSION}" for models in PUBLISHED.values() for model in models}
    assert present == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_accepted_and_come_back_the_same(name: str) -> None:
    text = (GOLDEN / f"{name}.json").read_bytes()
    event = decode(text)
    data = parse_data(event)
    assert unknown_fields(event, type(data)) == []
    assert set(type(data).model_fields) == set(event.data), "show every field"
    assert decode(encode(event)) == event
    assert type(data).model_validate(data.model_dump(mode="json")) == data


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_fit_the_published_schemas(name: str) -> None:
    event = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    for schema, value in (("cloudevent-1", event), (name, event["data"])):
        validator = Draft202012Validator(published_schema(schema), format_checker=FormatChecker())
        assert [fault.message for fault in validator.iter_errors(value)] == []


@pytest.mark.parametrize("path", sorted((SCHEMAS / "json").glob("*.json")), ids=lambda p: p.stem)
def test_published_schemas_are_json_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_asyncapi_declares_every_topic_with_its_messages() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {topic.name for topic in topics.TOPICS}
    for name, channel in document["channels"].items():
        assert channel["bindings"]["kafka"]["bindingVersion"] == "0.5.0"
        assert len(channel["messages"]) == len(PUBLISHED.get(name, ()))


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        if isinstance(node, list):
            return [found for value in node for found in references(value)]
        return []

    for reference in references(document):
        file, _, pointer = reference.partition("#")
        if file:
            assert (SCHEMAS / file).is_file(), reference
        else:
            target = document
            for step in pointer.split("/")[1:]:
                target = target[step]


def test_facts_may_not_repeat_what_is_personal() -> None:
    event = decode(raw(golden("customer.updated", data={"city": None})))
    part = public_part(parse_data(event))
    assert set(part) == {
        "locale",
        "timezone",
        "country",
        "region",
        "city",
        "tier",
        "interests",
    }
    assert part["city"] is None


@pytest.mark.parametrize("event_type", sorted(set(INBOUND.split()) - {"customer.updated"}))
def test_the_public_part_reads_back_without_free_text(event_type: str) -> None:
    data = parse_data(decode(raw(golden(event_type))))
    part = public_part(data)
    assert set(type(data).model_fields) - set(part) <= {"reason"}
    assert public_part(type(data).model_validate(part)) == part


def test_an_update_tells_deleted_fields_from_absent_ones() -> None:
    event = golden("customer.updated")
    data = parse_data(decode(raw({**event, "data": {"email": None}})))
    assert isinstance(data, CustomerUpdated)
    assert data.model_fields_set == {"email"}


def test_unknown_fields_are_ignored_and_named() -> None:
    party = {"customer_id": "c-1", "role": "borrower", "share": 0.5}
    event = decode(raw(golden("payment.missed", data={"colour": "red", "parties": [party]})))
    data = parse_data(event)
    assert unknown_fields(event, type(data)) == ["colour", "parties.share"]


def test_minor_units_are_those_of_iso_4217() -> None:
    assert (minor_units("JPY"), minor_units("USD"), minor_units("KWD")) == (0, 2, 3)
    # Where CLDR writes fewer digits than ISO 4217 counts, ISO 4217 holds.
    fewer = {code for code in CURRENCIES if get_currency_precision(code) < minor_units(code)}
    assert "IQD" in fewer
    assert minor_units("IQD") == 3
    assert not {code for code in CURRENCIES if get_currency_precision(code) > minor_units(code)}


def test_until_a_date_means_until_it_has_ended_everywhere() -> None:
    data = parse_data(decode(raw(golden("customer.hold_placed", data={"until": "2026-05-01"}))))
    assert isinstance(data, CustomerHoldPlaced)
    assert data.until == datetime.fromisoformat("2026-05-02T11:59:59+00:00")
