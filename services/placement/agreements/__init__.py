"""Service agreements (三方协议), and when they stand."""
