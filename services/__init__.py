"""The four services of Rapport and the libraries they share."""

import gc

# What is imported stays. Python would look through all of it for cycles some hundred times while
# more is imported, and find none: that took a fifth of a service's or a command's start.
gc.set_threshold(50_000, 20, 50)
