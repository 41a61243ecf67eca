"""Order-type training (订单式培训): orders, the classes that serve them, the people enrolled in those."""
