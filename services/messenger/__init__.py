"""Which words, language and channel; what came back."""
