"""The negotiator: on which terms, within which authority, or which person takes over."""
