"""Requests (科技需求)."""
