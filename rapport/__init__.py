"""What stands outside the stream: the command line, the launcher, the audit and the demo."""
