"""The schema of a small service: what the platform keeps for every service, and a table of things."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, String, Table

from services.platform.database import Books
from services.platform.jobs import Jobs

METADATA = MetaData()
THING = Table("thing", METADATA, Column("name", String(50), primary_key=True), Column("size", Integer, nullable=False))
BOOKS = Books.in_schema(METADATA)
JOBS = Jobs.in_schema(METADATA)
