"""The schema of the placement service, its common ground."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlalchemy.orm import DeclarativeBase

from services.platform.types import UtcTime


class Base(DeclarativeBase):
    """The schema of this service."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime,
        list[str]: JSON,
        list[int]: JSON,
        list[dict[str, Any]]: JSON,
    }
