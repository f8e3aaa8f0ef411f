"""How many letters are decided, and handed over, at once: by how long the last ones took. Pure."""

BUNDLE_SECONDS = 0.1
"""For how long a connection is given letters at once, by how long it took for the last ones."""
LARGEST_BUNDLE = 32
CLAIM_SECONDS = 0.2
"""For how long it decides and writes before it hands over: the check must be young by then."""
LEAST_ROUND = 32
"""Letters that a round may always have: where all is slow, fewer would save next to nothing."""


def next_bundle(bundle: int, letters: int, seconds: float) -> int:
    """After so many letters, in so many real seconds, on one connection.

    Twice as many next time at the most: one slow answer must not hold up many.
    """
    fitting = int(BUNDLE_SECONDS * letters / max(seconds, 1e-6))
    return max(1, min(fitting, 2 * bundle, LARGEST_BUNDLE)) if letters else bundle


def next_round(size: int, letters: int, seconds: float) -> int:
    """After so many letters were decided in so many real seconds."""
    fitting = int(CLAIM_SECONDS * letters / max(seconds, 1e-6))
    return max(LEAST_ROUND, min(fitting, 2 * size)) if letters else size
