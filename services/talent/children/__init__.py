"""Children's data (未成年人信息)."""
