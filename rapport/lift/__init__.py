"""What outreach was worth, worked out from the shared event log alone; see docs/lift.md."""

WINDOW_DAYS = 30
"""Days after its trigger in which an outcome counts."""
