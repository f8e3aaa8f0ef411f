"""Contact rules as a pure library: packs of rules, candidate places, and the gate."""
