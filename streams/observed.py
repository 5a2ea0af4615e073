"""What one claim saw: plain counters that the engine raises and the metrics read."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Observed:
    """Counters and stage timings since the worker began; shared by the claims of one partition."""

    steps: int = 0
    steps_repeated: int = 0
    records: int = 0
    commits: int = 0
    refused_commits: int = 0
    claims: int = 0
    rebuilds: int = 0
    contradictions: int = 0
    """Rebuilds because the store held another history than the journal."""
    relayed_entries: int = 0
    relayed_outputs: int = 0
    relay_rounds: int = 0
    last_relay_at: float = 0.0
    last_sweep_at: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)

    def took(self, stage: str, seconds: float) -> None:
        """Add to a stage's time."""
        self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + seconds
