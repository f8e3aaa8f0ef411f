"""What outreach was worth, worked out from the shared event log alone; see docs/lift.md."""
