"""The catalogue that ships, published where there is none yet."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import catalogue
from services.talent.queries import next_number
from services.talent.rules.catalogue_file import load
from services.talent.rules.states import CatalogueState
from services.talent.tables import CatalogueRow

FIRST_DAY = date(2020, 1, 1)  # cases that are entered late find the shipped version in force


def publish(database: Database) -> None:
    """Publishes the document where there is none yet, so that a first case can be opened."""

    def work(tx: Tx) -> bool:
        if tx.session.execute(select(CatalogueRow.id).limit(1)).scalar_one_or_none() is not None:
            return False
        content = catalogue.document()
        row = CatalogueRow(
            id=next_number(tx, f"catalogues/{day_of(tx.now):%Y%m}"),
            state=CatalogueState.PUBLISHED,
            content=content,
            fingerprint=load(("shipped", content)).fingerprint,
            source="随软件提供 · ships with the software",
            valid_from=FIRST_DAY,
            replaces="",
            create_time=tx.now,
            publish_time=tx.now,
        )
        tx.session.add(row)
        tx.session.flush()
        tx.record(call, f"catalogues/{row.id}", event="catalogue.published", detail={"valid_from": str(FIRST_DAY)})
        return True

    call = Call.by_system("talent", "talent.catalogue.publish", "000000")
    database.write_again(call, work, key="catalogues")
