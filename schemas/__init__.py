"""Contracts: every topic, event type, fact and extension that crosses a service's border."""
