"""What binds more than the customer it was told of: ids that are one, joint parties, notices."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from messenger_world import START, World, mailing, order

from services.messenger import store, suppression_store
from services.messenger.handlers import answers
from support.database import Database
from support.mail import Mailbox

JOINT: dict[str, Any] = order("d", "s", START)["obligations"][0] | {"parties": ["c-1", "c-2"]}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


def reasons(messenger: World, count: int) -> list[str]:
    return [str(one["data"].get("reason", one["type"])) for one in messenger.ended(count)]


def test_what_was_said_under_a_former_id_binds_and_is_taken_back_by_either(
    messenger: World,
) -> None:
    for customer in ("c-1", "c-2"):
        messenger.known_customer(customer)
    messenger.dispatch("c-2")
    [sent] = messenger.until("message.intended")
    messenger.ended()
    answers.unsubscribe(messenger.context, sent["data"]["message_id"], "page", all_purposes=True)
    messenger.customer("c-2", "customer.merged", into="c-1")
    messenger.customer("c-1", "customer.merged", into="c-2")
    messenger.dispatch("c-1")
    assert reasons(messenger, 2)[1:] == ["suppressed:unsubscribed"]
    with messenger.context.unit() as work:
        about = ("email", "*", answers.OPTED_OUT)
        assert suppression_store.lift_suppressions(work.session, "default", "c-1", *about)
    messenger.an_hour_later()
    messenger.dispatch("c-1")
    messenger.dispatch("c-2")
    assert sorted(reasons(messenger, 4)[2:]) == ["merged", "message.sent"]
    intended = {one["subject"]: one["data"] for one in messenger.of("message.intended")}
    [week] = [one for one in intended["c-1"]["counts"] if one["rule"] == "default/week"]
    assert week["count"] == 1


def test_holds_and_wishes_of_a_former_id_bind_whichever_came_first(messenger: World) -> None:
    messenger.known_customer("c-1")
    messenger.customer("c-2", "customer.merged", into="c-1")
    messenger.customer("c-2", "customer.hold_placed", kind="dispute")
    messenger.dispatch("c-1")
    assert reasons(messenger, 1) == ["hold:dispute"]
    messenger.move_to(START + timedelta(minutes=1))
    messenger.customer("c-1", "customer.hold_lifted", kind="dispute")
    with messenger.context.unit() as work:
        row = store.lock_customers(work.session, [("default", "c-2")])["default", "c-2"]
        row.wishes = {"hours": "17:00-21:00", "language": "ja"}
    messenger.dispatch("c-1")
    assert reasons(messenger, 2)[1:] == ["hours"]
    messenger.move_to(START.replace(hour=17))
    messenger.dispatch("c-1")
    messenger.ended(3)
    assert messenger.of("message.intended")[0]["data"]["locale"] == "ja"


def test_a_hold_on_a_bill_binds_every_party_until_it_is_lifted(messenger: World) -> None:
    for customer in ("c-1", "c-2"):
        messenger.known_customer(customer)
    held = {"kind": "dispute", "obligation_id": "b-1"}
    messenger.customer("c-2", "customer.hold_placed", **held)
    messenger.dispatch("c-1", obligations=[JOINT])
    assert reasons(messenger, 1) == ["hold:dispute"]
    messenger.fact("c-2", "hold.lifted", **held, by="ops", reason="settled")
    messenger.dispatch("c-1", obligations=[JOINT])
    assert reasons(messenger, 2)[1:] == ["message.sent"]


def test_a_notice_is_remembered_with_its_bill(messenger: World) -> None:
    messenger.known_customer()
    sent = {"kind": "validation", "obligation_id": "b-1", "at": START.isoformat()}
    for _ in range(2):
        messenger.customer("c-1", "notice.sent", **sent)
    with messenger.context.unit() as work:
        [row] = store.obligations(work.session, [("default", "bill", "b-1")]).values()
        assert row.notices == ["validation"]
