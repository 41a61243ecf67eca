"""Alembic's way into this service's revisions."""

from services.platform.migrate import run
from services.talent.tables import Base

run(Base.metadata)
