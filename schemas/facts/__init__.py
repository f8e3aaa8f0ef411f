"""Facts on `outreach.log`: what happened, without a direct identifier and without free text."""

from schemas.common import Typed
from schemas.facts import customer, machinery, message, negotiation, outreach
from schemas.facts.customer import (
    CustomerErased,
    CustomerHeldOut,
    CustomerSegmented,
    EventApplied,
    PassedOver,
    RecordPosition,
)
from schemas.facts.machinery import DeadLetter, HttpOrigin, LogHeartbeat, PolicyInForce
from schemas.facts.message import (
    ChoiceMade,
    ContactPreferenceChanged,
    ContactRightParty,
    ContactUnsubscribed,
    FeedbackGiven,
    MessageBounced,
    MessageClicked,
    MessageComplained,
    MessageDelivered,
    MessageFailed,
    MessageIntended,
    MessageOpened,
    MessageRefused,
    MessageReplied,
    MessageSent,
    MessageUnknown,
)
from schemas.facts.negotiation import (
    AgreementBroken,
    AgreementCompleted,
    AgreementKept,
    AgreementMade,
    AgreementReopened,
    HandoffAssigned,
    HandoffNeeds,
    HandoffRequested,
    HandoffResolved,
    Instalment,
    NoticeRequired,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferProposed,
    RequestMade,
)
from schemas.facts.outreach import (
    OutreachCancelled,
    OutreachCompleted,
    OutreachDispatched,
    OutreachEnrolled,
    OutreachPersonDue,
    OutreachStepDeferred,
    OutreachStepPlanned,
    OutreachStepSuppressed,
)

WRITERS: dict[str, tuple[type[Typed], ...]] = {
    "segmenter": customer.FACTS,
    "scheduler": outreach.FACTS,
    "messenger": message.FACTS,
    "negotiator": negotiation.FACTS,
}
"""The service that owns each fact. Any service may write `SHARED` ones besides."""

SHARED: tuple[type[Typed], ...] = (customer.CustomerErased, *machinery.FACTS)

FACTS: tuple[type[Typed], ...] = (
    *(fact for facts in WRITERS.values() for fact in facts),
    *machinery.FACTS,
)
"""Every fact type, in the order of a customer's story."""

__all__ = [
    "FACTS",
    "SHARED",
    "WRITERS",
    "AgreementBroken",
    "AgreementCompleted",
    "AgreementKept",
    "AgreementMade",
    "AgreementReopened",
    "ChoiceMade",
    "ContactPreferenceChanged",
    "ContactRightParty",
    "ContactUnsubscribed",
    "CustomerErased",
    "CustomerHeldOut",
    "CustomerSegmented",
    "DeadLetter",
    "EventApplied",
    "FeedbackGiven",
    "HandoffAssigned",
    "HandoffNeeds",
    "HandoffRequested",
    "HandoffResolved",
    "HttpOrigin",
    "Instalment",
    "LogHeartbeat",
    "MessageBounced",
    "MessageClicked",
    "MessageComplained",
    "MessageDelivered",
    "MessageFailed",
    "MessageIntended",
    "MessageOpened",
    "MessageRefused",
    "MessageReplied",
    "MessageSent",
    "MessageUnknown",
    "NoticeRequired",
    "OfferAccepted",
    "OfferCountered",
    "OfferDeclined",
    "OfferExpired",
    "OfferProposed",
    "OutreachCancelled",
    "OutreachCompleted",
    "OutreachDispatched",
    "OutreachEnrolled",
    "OutreachPersonDue",
    "OutreachStepDeferred",
    "OutreachStepPlanned",
    "OutreachStepSuppressed",
    "PassedOver",
    "PolicyInForce",
    "RecordPosition",
    "RequestMade",
]
