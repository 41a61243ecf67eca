"""A case while somebody works on it: by which catalogue, on which clock, and what follows from an act."""
