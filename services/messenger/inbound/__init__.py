"""Mail that comes in: from bytes to what it is. No decision, no database."""
