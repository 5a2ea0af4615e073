"""A worker whose process reads another wall clock, the file named in its options (see `wall.py`).

Everything that asks Python for the time of day sees it, our wiring and aiokafka's stamps of fetches among them; waits
and time limits go by the monotonic clock, as they do when an operator sets a machine's clock.
"""

import json
import sys
import time
from pathlib import Path
from unittest.mock import patch

from tests.faults.wall import Wall


def main() -> int:
    """Work until told to stop."""
    wall = Wall(Path(json.loads(sys.argv[1])["wall"]))
    wall.now()
    # Before anything is imported that keeps `time.time` for itself, as aiokafka's batches do.
    with patch.object(time, "time", wall.now), patch.object(time, "time_ns", lambda: wall.now_us() * 1000):
        from streams import kafka_inputs
        from tests.integration import worker_process

        # On a fast clock a look at a topic stays fresh for as much real time as on a right one.
        fresh_for_us = int(kafka_inputs.FRESH_FOR_US * max(1.0, wall.speed))
        with patch.object(kafka_inputs, "FRESH_FOR_US", fresh_for_us):
            return worker_process.main()


if __name__ == "__main__":
    sys.exit(main())
