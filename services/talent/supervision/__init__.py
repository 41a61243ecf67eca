"""Supervision (督办): reminders, orders, the board of lights, the figures."""
