"""What time alone does to a customer: each due moment is a decision of its own, stamped with that moment."""

from msgspec.structs import replace

from schemas.instants import Instant
from state.customer import CustomerState
from state.decision import BY_MODEL, BY_PROGRAM, BY_TIME, Decision, decision_at, effective_level
from state.in_force import Models, Programs
from state.ledger import LedgerView
from state.levels import is_far
from state.nudges import KIND_BY_NAME
from state.nudges.decide import decide_nudges
from state.reversal import end_debounce, forget_spent_chain
from state.rules import Level, Rules
from state.score import Model
from state.standing import follow_model, follow_tier
from state.sums import Sums, forget_old_days, next_leaving_day, rebuild_days, roll_window
from state.terms import note_due_warnings, warnings_of
from state.tiers import end_floor, end_grace, follow_sums, note_change, review, set_tier, start_term


def advance(customer: CustomerState, programs: Programs, until_at: Instant, ledger: LedgerView) -> list[Decision]:
    """Take every due moment of ``customer`` up to and including ``until_at``, in place; return the decisions.

    Raises `LedgerNeeded` where a change of program has to see every order.
    """
    decisions = []
    while (moment := due_moment(customer, programs)) is not None and moment <= until_at:
        rules = programs.of(customer)
        if customer.due_at is None or customer.due_at > moment:
            customer.now_at = max(customer.now_at, moment)
            if rules is programs.current:
                decisions.append(_adopt(customer, rules, programs.models))
            else:
                decisions.append(_change_program(customer, programs, ledger))
        elif not pass_quietly(customer, rules, _quiet_until(customer, programs, moment, until_at)):
            customer.now_at = max(customer.now_at, moment)
            decisions.append(_take_moment(customer, rules, moment, programs.started_at))
        note_due(customer, programs)
    return decisions


def due_moment(customer: CustomerState, programs: Programs) -> Instant | None:
    """Return the next moment at which time alone changes ``customer``, None if there is none."""
    moment, models = customer.due_at, programs.models
    if programs.of(customer) is not programs.current:
        return _earlier(moment, programs.changed_at)
    if customer.model_version != models.version and (adopted_at := models.awaited_by(customer)) is not None:
        return _earlier(moment, adopted_at)
    return moment


def _quiet_until(customer: CustomerState, programs: Programs, moment: Instant, until_at: Instant) -> Instant:
    """Return how far time may pass quietly: not beyond what else is due."""
    if programs.of(customer) is not programs.current:
        return moment
    adopted_at = programs.models.awaited_by(customer)
    return until_at if adopted_at is None else min(until_at, adopted_at)


def note_due(customer: CustomerState, programs: Programs) -> None:
    """Keep `due_at` true after a change of ``customer``."""
    customer.due_at = _timed_moment(customer, programs.of(customer))


def has_pending_word(customer: CustomerState) -> bool:
    """Tell whether something is still to be said, or taken back, though no sums come near, far or reach a level."""
    if customer.near_waiting or customer.debounce is not None or customer.floor is not None:
        return True
    return has_open(customer, None)


def minds_far(customer: CustomerState, rules: Rules) -> bool:
    """Tell whether sums that are far from the next level arm `tier_near` again, or take a nudge back."""
    if customer.rank + 1 == len(rules.levels):
        return False
    return not customer.near_armed or has_open(customer, "far")


def has_open(customer: CustomerState, stands_until: str | None) -> bool:
    """Tell whether a nudge is issued that stands until then (`NudgeKind.stands_until`)."""
    nudges = customer.open_nudges
    return bool(nudges) and stands_until in [KIND_BY_NAME[nudge.kind].stands_until for nudge in nudges]


def pass_quietly(customer: CustomerState, rules: Rules, until_at: Instant) -> bool:
    """Let orders leave the window, day by day up to ``until_at``, as far as that says nothing; False if not at all.

    Smaller sums make no one near and renew no term. Where a term asks for something, the days before it may pass.
    """
    if rules.window != "rolling_days" or has_pending_word(customer):
        return False
    of_term = _term_moment(customer, rules)
    if of_term is not None and of_term <= until_at:
        until_at = of_term - 1
    left_by = rules.day_of(until_at) - rules.window_days
    left_before, last_left = customer.window_day - rules.window_days, None
    spend_minor, orders = customer.window_minor, customer.window_orders
    far_from = rules.levels[customer.rank + 1] if minds_far(customer, rules) else None
    for bucket in customer.days:
        if bucket.day > left_by:
            break
        if bucket.day > left_before:
            left = Sums(spend_minor - bucket.spend_minor, orders - bucket.orders)
            if far_from is not None and is_far(rules, far_from, left):
                break
            (spend_minor, orders), last_left = left, bucket.day
    if last_left is None:
        return False
    customer.window_minor, customer.window_orders = spend_minor, orders
    customer.window_day = last_left + rules.window_days
    moment = rules.start_of(customer.window_day)
    customer.now_at = max(customer.now_at, moment)
    customer.warned_at = max(customer.warned_at, moment)
    return True


def conclude(decision: Decision, model: Model | None = None) -> None:
    """Score with ``model`` where one is given, decide the nudges, forget what no rule can ask for any more."""
    if model is not None:
        follow_model(decision, model)
    elif decision.changes:
        follow_tier(decision)
    standing = decision.customer.standing
    decision.segment_at_end = None if standing is None else standing.rfm
    decision.value_minor_at_end = None if standing is None else standing.value_minor
    decision.sums_at_end = decision.window
    decide_nudges(decision)
    # The chain first: as long as it is there, it wants the days since its upgrades.
    forget_spent_chain(decision.customer, decision.rules, decision.now)
    forget_old_days(decision.customer, decision.rules)


def _timed_moment(customer: CustomerState, rules: Rules) -> Instant | None:
    leaving, moment = next_leaving_day(customer, rules), _term_moment(customer, rules)
    if leaving is not None:
        moment = _earlier(moment, rules.start_of(leaving))
    if customer.debounce is not None:
        moment = _earlier(moment, customer.debounce.ends_at)
    if customer.floor is not None:
        moment = _earlier(moment, customer.floor.until_at)
    return moment


def _earlier(one: Instant | None, other: Instant) -> Instant:
    return other if one is None or other < one else one


def _term_moment(customer: CustomerState, rules: Rules) -> Instant | None:
    """Return when the term next asks for something: a warning, its review, the end of its grace."""
    if customer.grace_until is not None or customer.expires_at is None:
        return customer.grace_until
    moment = customer.expires_at
    for warning in warnings_of(rules, moment):
        if customer.warned_at < warning < moment:
            moment = warning
    return moment


def _take_moment(customer: CustomerState, rules: Rules, moment: Instant, started_at: Instant | None) -> Decision:
    decision = decision_at(
        customer, rules, moment, "time", BY_TIME, is_backfill=started_at is not None and moment < started_at
    )
    roll_window(customer, rules, decision.today)
    end_debounce(decision)
    review(decision)
    end_grace(decision)
    end_floor(decision)
    decision.warning_is_due = note_due_warnings(customer, rules, moment)
    conclude(decision)
    return decision


def _change_program(customer: CustomerState, programs: Programs, ledger: LedgerView) -> Decision:
    """Re-evaluate as of the change: upgrades at once, demotions wait for their review.

    Other definitions of segments score everybody anew, with the model that they are scored with already.
    """
    old, rules = programs.of(customer), programs.current
    model = None if rules.segments == old.segments else programs.models.of(customer)
    left = effective_level(customer, old)
    rung = rules.levels[_rank_in(rules, left.name, left.rank)]
    before = Level(rung.rank, left.name, rung.criteria)
    set_tier(customer, rules, _rank_in(rules, customer.tier, customer.rank))
    _rename_levels(customer, old, rules)
    customer.program_version = rules.program_version
    is_early = programs.started_at is not None and customer.now_at < programs.started_at
    decision = decision_at(customer, rules, customer.now_at, "program_change", BY_PROGRAM, is_backfill=is_early)
    customer.warned_at = max(customer.warned_at, decision.now)
    rebuild_days(customer, rules, ledger, decision.today)
    if customer.rank == 0 or rules.window == "lifetime":
        customer.expires_at = customer.grace_until = None
    elif customer.expires_at is None:
        start_term(decision, decision.today)
    decision.level = before
    note_change(decision, BY_PROGRAM, decision.window)
    follow_sums(decision)
    conclude(decision, model)
    return decision


def _adopt(customer: CustomerState, rules: Rules, models: Models) -> Decision:
    """Score as of the adoption; tiers and nudges do not ask for it."""
    decision = decision_at(customer, rules, customer.now_at, "model_update", BY_MODEL)
    follow_model(decision, models.current)
    return decision


def _rename_levels(customer: CustomerState, old: Rules, rules: Rules) -> None:
    """Let whatever names a level of the program before name the one that it is now."""

    def renamed(name: str) -> str:
        rank = old.rank_of(name)
        return name if rank is None else rules.levels[_rank_in(rules, name, rank)].name

    if customer.chain is not None:
        customer.chain = replace(customer.chain, tier=renamed(customer.chain.tier))
    if customer.floor is not None:
        customer.floor = replace(customer.floor, tier=renamed(customer.floor.tier))
    customer.open_nudges = [replace(nudge, target=renamed(nudge.target)) for nudge in customer.open_nudges]


def _rank_in(rules: Rules, level: str, rank: int) -> int:
    """Return the rank of a level of the program before: by its name, else the same rung as far as there is one."""
    named = rules.rank_of(level)
    return min(rank, len(rules.levels) - 1) if named is None else named
