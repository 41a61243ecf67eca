"""A list that comes in pages."""

from __future__ import annotations

from typing import Any

from liancai.training.v1 import orders_pb2


def serve_pages(server: Any, total: int) -> None:
    """Orders in pages, as the service gives them."""

    def answer(request: Any, _: Any) -> Any:
        start = int(request.page_token or 0)
        end = min(total, start + (request.page_size or 50))
        orders = [orders_pb2.Order(name=f"orders/{n}") for n in range(start, end)]
        return orders_pb2.ListOrdersResponse(orders=orders, next_page_token=str(end) if end < total else "")

    server.answers["ListOrders"] = answer
