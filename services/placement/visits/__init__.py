"""What commissioners do: assignments, visits and technology transfers, and what a year of them is worth."""
