"""Agreements (培训协议), and the orders they cover."""
