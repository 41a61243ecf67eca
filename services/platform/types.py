"""Column types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """An instant, always in UTC and always aware, on SQLite too; a naive one is a ValueError before it is stored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: PostgreSQL keeps the zone, SQLite gets naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database: aware UTC."""
        if value is None:
            return None
        stored: datetime = value
        if stored.tzinfo is UTC:  # as our connections to PostgreSQL give it
            return stored
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


def by_code_point(length: int) -> TypeEngine[str]:
    """Text that both databases keep in the order of code points, whatever the locale: a prefix is then a range."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
