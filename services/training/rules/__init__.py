"""Decisions: pure functions and enums. No I/O, no clock, no SQLAlchemy, no protobuf."""
