"""A seat (培训名额): who may have one, what it is taken from, who gets one that is free."""
