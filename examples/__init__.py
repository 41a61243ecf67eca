"""Examples: the replay of a public data set, a roster with faults, and the demo."""
