"""Proves or refutes the promises from the shared event log, and from nothing else.

It shares no code with the services: only the contracts in `schemas` are common ground. What each
check asserts, and what it cannot see, is said in `docs/audit.md`.
"""

IN_FLIGHT_SECONDS = 60.0
"""An open dispatch this close to the log's end (real seconds) has not failed, it is under way."""
