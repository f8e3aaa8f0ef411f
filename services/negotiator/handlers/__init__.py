"""What the negotiator does with events, facts, visits and people: loads, decides, saves, emits."""
