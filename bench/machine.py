"""The machine: which core does what, and what a process has used."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the contender, all others for the servers; the same one where there is only one."""

    contender: frozenset[int]
    servers: frozenset[int]

    @classmethod
    def found(cls) -> "Cores":
        """Return how the cores that this process may use are shared out."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest or {first}))

    @property
    def are_apart(self) -> bool:
        """Tell whether the servers have a core of their own."""
        return not self.contender & self.servers


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader has to know of the machine to read the numbers."""

    cores: int
    python: str
    system: str
    are_apart: bool
    load: float
    """Processes that ran or wanted to in the last minute: well below one, where nobody else is there."""

    @classmethod
    def found(cls) -> "Facts":
        """Return them."""
        cores = Cores.found()
        python = f"{platform.python_implementation()} {platform.python_version()}"
        system = f"{platform.system()} {platform.machine()}"
        load = round(os.getloadavg()[0], 1)
        return cls(len(cores.contender | cores.servers), python, system, cores.are_apart, load)


def pin(pid: int, cores: frozenset[int]) -> None:
    """Let a process, and whatever it starts from now on, run on those cores only; 0 is this one."""
    os.sched_setaffinity(pid, cores)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, all its threads, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory_mib(pid: int) -> float:
    """Return the most memory that a process ever had resident."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"process {pid} says nothing of its memory")
