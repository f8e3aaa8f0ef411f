"""A log for the audit, built by hand: nothing of the services has a part in it."""
