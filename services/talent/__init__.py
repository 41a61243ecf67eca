"""The green channel (绿色通道) for those who relocate: cases, their matters, steps and clocks, hand-overs, documents."""
