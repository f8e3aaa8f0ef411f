"""A stand-in for a payment provider: a page on which no money moves, for demos and tests."""

from rapport.checkout.part import StandInCheckout

__all__ = ["StandInCheckout"]
