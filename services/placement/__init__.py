"""Commissioners (科技特派员) and other placements. Nothing is served under this name yet."""
