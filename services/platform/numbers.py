"""Numbers given out in series, such as `orders/202611`: each once, in order, by a table of `series` and `last`."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.transaction import Tx


def next_in(tx: Tx, table: Table, series: str, count: int = 1) -> int:
    """The next number of a series, from 1; of `count` numbers in a row the last. Locked until the transaction ends."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(table)
        .values(series=series, last=count)
        .on_conflict_do_update(index_elements=["series"], set_={"last": table.c.last + count})
        .returning(table.c.last)
    )
    return int(tx.connection.execute(statement).scalar_one())
