"""What tests of all kinds share: real parts, started fast, and a way to wait without sleeping."""
