"""Science-and-technology commissioners (科技特派员): the register, what is asked of them, and what binds them."""
