"""Seeded bugs: one function of `state/` runs with one phrase of its source replaced, wherever it is called from."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType

from state import advance, apply, ledger, levels, quiet, reversal, segments, step, sums, tiers
from state.nudges import decide, guards, quiet_hours, tier_at_risk, tier_near
from state.rules import rules_of


@dataclass(frozen=True, slots=True)
class Mutation:
    """A plausible mistake. ``right`` occurs exactly once in the source of ``function``."""

    name: str
    function: object
    right: str
    wrong: str


MUTATIONS = [
    Mutation("a threshold must be exceeded", levels.is_met, ">= criterion.threshold", "> criterion.threshold"),
    Mutation(
        "a window is a day too long", sums.roll_window, "today - rules.window_days", "today - rules.window_days - 1"
    ),
    Mutation("grace is ignored", tiers._judge_term, "rules.grace_days == 0", "rules.grace_days >= 0"),
    Mutation("a refund counts each time it is delivered", apply._refund, "ledger.has_seen(seen)", "False"),
    Mutation("an order counts each time it is delivered", apply._place, "old.amount_minor is not None", "False"),
    Mutation("a reinstatement wins a tie", apply._is_later_word, "cancels and not entry.cancelled", "not cancels"),
    Mutation("the cap counts 6 days", guards._exceeds_caps, "< _WEEK_DAYS", "< _WEEK_DAYS - 1"),
    Mutation("the day's cap includes its end", guards._exceeds_caps, "< DAY_MICROSECONDS", "<= DAY_MICROSECONDS"),
    Mutation(
        "quiet hours begin after their start", quiet_hours._is_quiet, "clock >= quiet.starts", "clock > quiet.starts"
    ),
    Mutation("quiet hours wait for the next day", quiet_hours.send_time, "1 if ends_tomorrow", "1 if True"),
    Mutation("a late order moves the last day back", sums._stretch, "day > customer.last_order_day", "True"),
    Mutation("a second refund restarts the debounce", reversal.start_debounce, " or customer.debounce is not None", ""),
    Mutation(
        "a reversal forgets the sums of the grant day", reversal.end_debounce, "max(before, as_of_grant,", "max(before,"
    ),
    Mutation("the review asks one day early", sums.sums_at_review, "else review_day)", "else review_day - 1)"),
    Mutation(
        "a term starts the day before",
        tiers.start_term,
        "rules, customer.rank, first_day",
        "rules, customer.rank, first_day - 1",
    ),
    Mutation("nothing is retracted", decide._is_retracted, "return reason is not None", "return False"),
    Mutation("the third candidate has the second one's id", decide._next_id, "|{count}", "|{min(count, 2)}"),
    Mutation(
        "no word is consent",
        guards._no_consent,
        "customer.consent_default or",
        "customer.consent_default is not False or",
    ),
    Mutation(
        "a waiting nudge asks itself", tier_near._candidate, "customer.near_waiting and not decision.asks", "False"
    ),
    Mutation("at risk although it would renew", tier_at_risk._candidate, "would_renew(customer, rules)", "False"),
    Mutation("a bulk load is news", step._decision_on, "is_early or is_bulk_load", "is_early"),
    Mutation(
        "a fully refunded order still counts",
        ledger.contribution,
        "entry.refunded_minor >= amount",
        "entry.refunded_minor > amount",
    ),
    Mutation(
        "an order that comes near is quiet", quiet._stays_where_it_is, ">= below.spend_minor", "> below.spend_minor"
    ),
    Mutation("an order that upgrades is quiet", quiet._stays_where_it_is, "return False", "pass"),
    Mutation("an order in grace is quiet", quiet.place_quietly, "before.grace_until is not None or", ""),
    Mutation("what is known of an order is forgotten", quiet.place_quietly, "ledger.entries.get(field)", "None"),
    Mutation("a due moment is slept over", quiet.place_quietly, "before.due_at <= now", "False"),
    Mutation("an order leaves a day early", advance.pass_quietly, "bucket.day > left_by:", "bucket.day > left_by + 1:"),
    Mutation("a term's moment is slept over", advance.pass_quietly, "of_term <= until_at", "False"),
    Mutation("a nudge that became untrue stays", quiet._takes_back, "would_renew(customer, rules)", "False"),
    Mutation("nobody is asked again when far", advance.minds_far, "not customer.near_armed or", ""),
]


@contextmanager
def mutated(mutation: Mutation) -> Iterator[None]:
    """Let the function run with its mistake; everyone who holds it runs the same one."""
    function = mutation.function
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutation.right) == 1, f"{function.__qualname__} does not read {mutation.right!r} once"
    right = function.__code__
    function.__code__ = _code_of(function.__name__, source.replace(mutation.right, mutation.wrong))
    _forget_compiled_programs()
    try:
        yield
    finally:
        function.__code__ = right
        _forget_compiled_programs()


def _forget_compiled_programs() -> None:
    rules_of.cache_clear()
    segments.compiled.cache_clear()


def _code_of(name: str, source: str) -> CodeType:
    module = compile(source, f"<mutated {name}>", "exec")
    return next(one for one in module.co_consts if isinstance(one, CodeType) and one.co_name == name)
