"""Commissioners (科技特派员): the register, and the way onto it and off it."""
