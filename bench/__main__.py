"""`make bench`: all measurements, or those named on the command line."""

import argparse
from collections.abc import Callable, Mapping

from bench import (
    cancel_latency,
    claim_scale,
    messages,
    offers,
    own_hour,
    plan_and_claim,
    playbooks_scale,
    portal,
    profiles_scale,
    segment_and_emit,
    storm,
    wording_offline,
)

BENCHES: Mapping[str, Callable[[], bool]] = {
    "segment-and-emit": segment_and_emit.run,
    "playbooks-scale": playbooks_scale.run,
    "profiles-scale": profiles_scale.run,
    "messages": messages.run,
    "plan-and-claim": plan_and_claim.run,
    "storm": storm.run,
    "claim-scale": claim_scale.run,
    "cancel-latency": cancel_latency.run,
    "own-hour": own_hour.run,
    "offers": offers.run,
    "portal": portal.run,
    "wording-offline": wording_offline.run,
}


def main() -> int:
    """Run the benches; the exit status is 0 only if each reached its bar."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHES)}; none: all")
    names = parser.parse_args().names or list(BENCHES)
    reached = [BENCHES[name]() for name in names]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    raise SystemExit(main())
