"""Parts that a developer's machine starts by itself: broker, database, mail catcher.

Each is a class with `start()`, its address, and `stop()`; each runs in a process of its own that
ends with the process that started it. Production sets the addresses and starts none of these.
"""
