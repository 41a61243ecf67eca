"""Other placements (挂职、交流、实习、兼职等)."""
