"""Run Apache Kafka here without Docker: one KRaft node on loopback, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
from pathlib import Path

from services.runtime.embedded.children import StartError
from services.runtime.embedded.kafka import ApacheKafka, version


def main() -> int:
    """The command line; 1 where the broker cannot be had or ends by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=19092, help="0: a free one")
    parser.add_argument("--data", type=Path, help="keep topics here; unset: forget them at the end")
    given = parser.parse_args()
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    broker = ApacheKafka(given.data, given.port)
    try:
        broker.start()
        print(f"Apache Kafka {version()} on {broker.address}", flush=True)
        while broker.running():
            if signal.sigtimedwait(wanted, 0.5):
                return 0
        print(f"Apache Kafka ended: {broker.last_words()}", file=sys.stderr)
    except StartError as error:
        print(error, file=sys.stderr)
    finally:
        broker.stop()
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
