"""Decisions of the talent service: pure functions over plain values."""
