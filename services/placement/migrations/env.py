"""Alembic's way into this service's revisions."""

from services.placement.tables import Base
from services.platform.migrate import run

run(Base.metadata)
