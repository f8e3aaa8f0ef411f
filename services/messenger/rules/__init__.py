"""What the messenger decides, without I/O, clock or chance."""
