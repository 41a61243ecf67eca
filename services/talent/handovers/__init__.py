"""Hand-overs between the two sides (移交)."""
