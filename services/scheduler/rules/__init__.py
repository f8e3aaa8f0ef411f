"""The scheduler's decisions: pure functions over a `Book`, given `now` and the policy packs."""
