"""The dates of a plan that a customer is still thinking about."""

from collections.abc import Mapping

from schemas.world import minor_units
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.handlers.proposals import ask
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import Plan, Refusal
from services.negotiator.model.terms import WishRefusal
from services.negotiator.rules import wishes
from services.negotiator.tables import CaseRow
from services.runtime.unit_of_work import UnitOfWork


def sketch(
    work: UnitOfWork, decide: Deciding, visit: Visit, case: CaseRow, fields: Mapping[str, str]
) -> Plan | Refusal | WishRefusal:
    """The payments that a proposal would mean, worked out and neither judged nor kept."""
    asked = ask(work, decide, visit, case)
    if isinstance(asked, Refusal):
        return asked
    bill, given = asked.bill, asked.judged.given
    assert bill.currency is not None
    digits = minor_units(bill.currency)
    wish = wishes.read(fields, bill.remaining_minor, bill.currency, digits, given.today)
    return wish if isinstance(wish, WishRefusal) else wishes.plan(wish, given)
