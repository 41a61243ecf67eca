"""What a service hands to the host that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc
from google.protobuf.descriptor import FileDescriptor

from services.platform.database import Books, Database


@dataclass(frozen=True, slots=True)
class Part:
    """One service: `name` names its database, its schema on PostgreSQL and its settings (`LIANCAI_TRAINING_...`).

    `mount(server, database, settings)` adds its servicers; `settings` are environment variables. `upkeep(database,
    settings)` gives what the service does by itself every so often, with the time of it; on each of several replicas.
    `jobs` is `module:NAME` of its Kinds, where it has long work.
    """

    name: str
    files: tuple[FileDescriptor, ...]
    books: Books
    migrations: Path
    policy: Path
    texts: Path
    mount: Callable[[grpc.Server, Database, Mapping[str, str]], None]
    upkeep: Callable[[Database, Mapping[str, str]], Callable[[datetime], None]] | None = None
    jobs: str = ""
