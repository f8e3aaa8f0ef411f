"""Counting the log, and how the counts are shown."""

from datetime import UTC, datetime, timedelta
from itertools import count

from rich.console import Console

from rapport.demo import report
from rapport.demo.scenario import plan
from rapport.demo.show import Board
from rapport.demo.tally import Fact, Tally
from schemas.facts import DeadLetter

START = datetime(2026, 3, 2, tzinfo=UTC)


class Log:
    """Facts in order, into a tally."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._numbers = count(1)

    def add(self, kind: str, customer: str = "c-1", **data: object) -> Fact:
        """Write and count one fact."""
        number = next(self._numbers)
        time = START + timedelta(minutes=number)
        fact = Fact(str(number), "/rapport/test", kind, customer, time, data)
        assert self.tally.add(fact)
        return fact

    def contact(self, name: str = "1", customer: str = "c-1") -> None:
        """One enrolment with one mail that was sent."""
        self.add(
            "outreach.enrolled",
            customer,
            enrolment_id=f"e{name}",
            playbook="recover",
            segment="everyone",
            obligation={"obligation_id": f"b{name}"},
        )
        self.add("outreach.dispatched", customer, dispatch_id=f"d{name}")
        self.add(
            "message.intended",
            customer,
            message_id=f"m{name}",
            enrolment_id=f"e{name}",
            dispatch_id=f"d{name}",
        )
        self.add("message.sent", customer, message_id=f"m{name}", dispatch_id=f"d{name}")

    def applied(self, kind: str, obligation: str, effect: str = "applied", **data: object) -> None:
        """A customer event that took effect."""
        self.add(
            "event.applied", event_type=kind, effect=effect, obligation_id=obligation, data=data
        )


def test_a_fact_counts_once() -> None:
    log = Log()
    fact = log.add("message.opened", message_id="m1", machine=False)
    assert not log.tally.add(fact)
    assert log.tally.counts["message.opened"] == 1


def test_the_way_from_letter_to_agreement() -> None:
    log = Log()
    log.contact()
    log.add("message.opened", message_id="m1", machine=True)
    line = log.tally.lines["recover", "everyone"]
    assert not line.opened, "a machine is no reader"
    log.add("message.opened", message_id="m1", machine=False)
    log.add("message.clicked", message_id="m1", link="portal", machine=False)
    log.add("agreement.made", obligation_id="b1")
    log.add("contact.unsubscribed", message_id="m1", purpose="*")
    log.add("outreach.cancelled", enrolment_id="e1", reason="agreed")
    assert [figure(line) for _, figure in report.FIGURES] == [1, 1, 1, 1, 1, 1, 0, 1]
    assert line.stopped == {"agreed": 1}


def test_only_a_final_whole_payment_settles() -> None:
    log = Log()
    log.contact()
    line = log.tally.lines["recover", "everyone"]
    log.applied("payment.received", "b1", remaining_minor=10, pending=False)
    log.applied("payment.received", "b1", remaining_minor=0, pending=True)
    log.applied("payment.received", "b1", effect="stale_version", remaining_minor=0)
    assert not line.settled
    log.applied("payment.received", "b1", remaining_minor=0, pending=False)
    assert line.settled == {"e1"}
    log.applied("payment.reversed", "b1", remaining_minor=10)
    assert not line.settled


def test_reasons_are_kept_apart_also_without_an_enrolment() -> None:
    log = Log()
    log.contact()
    log.add("outreach.step_deferred", enrolment_id="e1", reason="hours")
    log.add("outreach.step_suppressed", enrolment_id="e1", playbook="recover", reason="cap")
    log.add("outreach.step_suppressed", playbook="recover", reason="hold:hardship")
    assert log.tally.lines["recover", "everyone"].deferred == {"hours": 1}
    assert log.tally.lines["recover", "everyone"].suppressed == {"cap": 1}
    assert log.tally.lines["recover", ""].suppressed == {"hold:hardship": 1}


def test_a_dispatch_is_open_until_it_ends() -> None:
    log = Log()
    log.add("outreach.dispatched", dispatch_id="d1")
    log.add("message.refused", dispatch_id="d2")
    assert log.tally.open_dispatches == {"d1"}
    log.add("outreach.dispatched", dispatch_id="d2")
    log.add("message.unknown", dispatch_id="d1")
    assert not log.tally.open_dispatches


def test_the_report_names_playbooks_reasons_and_dead_letters() -> None:
    log = Log()
    log.contact("1")
    log.contact("2", "c-2")
    log.add("outreach.step_deferred", enrolment_id="e2", reason="hours")
    letter = DeadLetter.model_validate(
        {
            "code": "invalid_field",
            "detail": "Correct data.amount_minor: it must be more than 0.",
            "pointer": "/data/amount_minor",
            "service": "segmenter",
            "origin": {"topic": "customer.events", "partition": 1, "offset": 2},
            "value_base64": "",
        }
    )
    console = Console(width=140, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as shown:
        report.show(console, log.tally, [letter, letter])
    text = shown.get()
    for part in ("recover", "everyone", "deferred", "hours", "/data/amount_minor", "letters: 2"):
        assert part in text


def test_the_board_shows_the_day_and_what_happened_last() -> None:
    log = Log()
    log.contact()
    board = Board(plan(), log.tally, 17_000)
    board.note(log.add("outreach.step_deferred", enrolment_id="e1", step="hello", reason="hours"))
    board.note(log.add("outreach.step_suppressed", playbook="recover", step=None, reason="hold"))
    now = START + timedelta(days=3, hours=9)
    console = Console(width=120, force_terminal=False)
    with console.capture() as shown:
        console.print(board.render(now))
    text = shown.get()
    for part in ("Thursday 05 March 2026", "day 4 of 22", "hello waits: hours", "it stays unsent"):
        assert part in text
    assert "day  4" in board.line(now)
    assert "1 mails" in board.line(now)
