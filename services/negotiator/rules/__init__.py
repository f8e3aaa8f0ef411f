"""The negotiator's judgement: pure functions that are told the time."""
