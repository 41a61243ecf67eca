"""Rosters (名册): a list of people enrolled in one class, every row a verdict."""
