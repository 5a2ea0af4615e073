"""Resolve the embedded broker's jars and pin their checksums in tierline/embedded/kafka_jars.sha256.

Run it after changing KAFKA_VERSION: `.venv/bin/python scripts/lock_kafka.py`.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import MavenContext
from jgo.parse import Coordinate

from tierline.embedded.jars import PINNED

KAFKA_VERSION = "4.1.0"
# Resolved one by one: together, the dependency management of the second would change the versions of the first.
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3")


def main() -> int:
    """Write the file; 1 when a root brought another Kafka than wanted."""
    pinned: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as cache:
        for root in ROOTS:
            pinned |= resolved(root, Path(cache))
    PINNED.write_text("".join(f"{sha256}  {coordinate}\n" for coordinate, sha256 in pinned.items()), "utf-8")
    print(f"{len(pinned)} jars pinned in {PINNED}")
    return 0 if f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}" in pinned else 1


def resolved(root: str, cache: Path) -> dict[str, str]:
    """Return the jars that ``root`` needs at run time: coordinate to SHA-256."""
    maven = MavenContext(repo_cache=cache, local_repos=[], timeout=60)
    roots, others = maven.resolver.resolve([maven.create_dependency(Coordinate.parse(root))])
    return {
        f"{found.artifact.groupId}:{found.artifact.artifactId}:{found.artifact.version}": hashlib.sha256(
            found.artifact.resolve().read_bytes()
        ).hexdigest()
        for found in [*roots, *(other for other in others if other.scope in ("compile", "runtime"))]
    }


if __name__ == "__main__":
    sys.exit(main())
