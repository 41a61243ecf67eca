"""The green channel (绿色通道) for those who relocate: cases, their matters and clocks, hand-overs and documents."""
