"""Plumbing that every service stands on, without one word of business."""
