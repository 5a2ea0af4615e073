"""docs/benchmarks.md: what is measured, and the figures of one machine."""

from bench.further import Further, further_in_words
from bench.report import Figures, markdown

HEAD = """\
# Benchmarks

Run it again rather than believe it. Ratios within a run mean something, absolute times hold for one machine on one day,
and times of different runs are not compared. This page is written by

<!-- run as: make bench ARGS=--quick -->
```sh
make bench ARGS="--write docs/benchmarks.md"
```

One run measures these on the same log, broker, store and machine, each on a core of its own while broker and store have
the others:

- **consume only**: aiokafka's `getmany`, nothing else.
- **raw limit**: the least that any state in Redis costs: `getmany`, decode four fields with msgspec, one packed MSET a
  batch with a blob for each of its customers. No state is read, and nothing is exactly once.
- **Faust, FastStream, Quix Streams**: what a user would pick instead, in the versions of `bench/requirements.lock`,
  written as their documentation teaches (`bench/contenders/`) and decoding with msgspec. They do a light job: a
  customer's orders, spend, last order and tier by lifetime spend, and a record where the tier changes. Time runs from
  the first order at hand until the last state is written. A slow one takes a shorter log, as the table says.
- **Tierline, light program**: the same worker with rules that ask for no more than the light job.
- **Tierline, the whole job**: `tierline worker` as a user starts it: order ledger, windows, tiers, terms, nudges with
  their guardrails, atomic commits, journal, transactional outputs. Time runs from its first claim until the last nudge
  and change is committed, visible to a `read_committed` reader and out of the outbox.

"""
LEARNING = """
## What learning costs

Scoring is in the step (above, "with a model in force"). The trainer and the daily samples are beside the order path.

"""
TAIL = """
Stages are the worker's own `tierline_stage_seconds`: how long the worker's code ran, without waiting. What aiokafka's
background tasks and the event loop take is the difference to the CPU time of the process.
"""


def page(found: Figures, further: Further, learnt: str) -> str:
    """Return the page; ``learnt`` is what learning costs."""
    return HEAD + markdown(found) + TAIL + "\n" + further_in_words(further) + LEARNING + learnt
