"""Decisions of dispatch (派驻): pure functions and enums. No I/O, no clock, no SQLAlchemy, no protobuf, no numpy."""
