"""The green channel (绿色通道) for relocating talent. Nothing is served under this name yet."""
