"""The broker's jars: downloaded once into a cache of ours, and used only if their checksums are the pinned ones."""

import fcntl
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tierline.embedded.process import EmbeddedError

PINNED = Path(__file__).with_name("kafka_jars.sha256")
"""One line a jar: its SHA-256 and its Maven coordinate. `scripts/lock_kafka.py` writes it."""

DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of the broker."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """``group:artifact:version``, as Maven writes it."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def path(self, cache: Path) -> Path:
        """Where the jar lies in a cache with Maven's layout."""
        file_name = f"{self.artifact}-{self.version}.jar"
        return cache.joinpath(*self.group.split("."), self.artifact, self.version, file_name)


def pinned_jars() -> list[Jar]:
    """Return the jars of the embedded broker, in the order of the class path."""
    return [_pinned(line) for line in PINNED.read_text("utf-8").splitlines()]


def class_path(cache: Path) -> str:
    """Return Java's class path of the broker, downloading what ``cache`` lacks.

    Needs no network once all is there. EmbeddedError when a jar cannot be had or is not the pinned one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    jars = pinned_jars()
    with _alone(cache / ".lock"), ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        paths = list(pool.map(lambda jar: _fetched(jar, cache), jars))
    return ":".join(str(path) for path in paths)


def _pinned(line: str) -> Jar:
    sha256, coordinate = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256)


def _fetched(jar: Jar, cache: Path) -> Path:
    path = jar.path(cache)
    if path.exists() and _sha256(path) == jar.sha256:
        return path
    # What an interrupted download left would otherwise count as there.
    path.unlink(missing_ok=True)
    _download(jar, cache)
    found = _sha256(path)
    if found != jar.sha256:
        path.unlink()
        raise EmbeddedError(
            f"{jar.coordinate} has SHA-256 {found}, not the pinned {jar.sha256}: something between here and the Maven"
            f" repository changes files. Fix that and try again; nothing was kept."
        )
    return path


def _download(jar: Jar, cache: Path) -> None:
    try:
        from jgo.maven import MavenContext
        from requests import RequestException
    except ImportError as error:
        raise EmbeddedError("jgo is not installed: run `make install`, or set TIERLINE_KAFKA.") from error
    maven = MavenContext(repo_cache=cache, local_repos=[], timeout=60)
    try:
        maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (RequestException, OSError, RuntimeError) as error:
        raise EmbeddedError(
            f"Cannot download {jar.coordinate} into {cache}: {error}. The first start of the embedded Kafka needs the"
            f" Maven repository (43 MB); later ones need no network. Or set TIERLINE_KAFKA to a broker of yours."
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(lock_path: Path) -> Iterator[None]:
    """Let one process at a time fill the cache."""
    with lock_path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
