"""A server that does nothing but jobs, to be killed; its standard input names the Workshop."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from services.platform.database import Database
from services.platform.foreman import Workshop, working
from services.platform.vault import Vault
from tests.platform.small import BOOKS

if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    workshop = Workshop(asked["url"], asked["service"], Path(asked["keys"]), asked["kinds"])
    database = Database(workshop.url, workshop.service, BOOKS, Vault.open(workshop.keys, create=False))
    with working([(database, workshop)], 30):
        threading.Event().wait()
