"""docs/benchmarks.md: what is measured, and the figures of one machine."""

from bench.report import Figures, markdown

HEAD = """\
# Benchmarks

Run it again rather than believe it. Ratios within a run mean something, absolute times hold for one machine on one day,
and times of different runs are not compared. This page is written by

<!-- run as: make bench ARGS=--quick -->
```sh
make bench ARGS="--write docs/benchmarks.md"
```

One run measures three contenders on the same log, broker, store and machine:

- **consume only**: aiokafka's `getmany`, nothing else.
- **raw limit**: the least that any state in Redis costs: `getmany`, decode four fields with msgspec, one packed MSET a
  batch with a blob for each of its customers. No state is read, and nothing is exactly once.
- **Tierline**: `tierline worker` as a user starts it, doing the whole job: order ledger, windows, tiers, terms, nudges
  with their guardrails, atomic commits, journal, transactional outputs. Time runs from its first claim until the last
  nudge and change is committed, visible to a `read_committed` reader and out of the outbox.

"""
LEARNING = """
## What learning costs

Scoring is in the step (above, "with a model in force"). The trainer and the daily samples are beside the order path.

"""
TAIL = """
Stages are the worker's own `tierline_stage_seconds`: CPU time of the worker's code, without waiting. What aiokafka's
background tasks and the event loop take is the difference to the CPU time of the process.
"""


def page(found: Figures, learnt: str) -> str:
    """Return the page; ``learnt`` is what learning costs."""
    return HEAD + markdown(found) + TAIL + LEARNING + learnt
