"""Decides when each step goes out, or why not."""
