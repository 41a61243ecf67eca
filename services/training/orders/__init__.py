"""Training orders (用工订单)."""
