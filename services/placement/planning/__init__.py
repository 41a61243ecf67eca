"""Planning a dispatch: arrays, the search for a plan, and the bound that proves how good it is. No I/O of its own."""
