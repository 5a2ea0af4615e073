"""Quiet hours: when the customer sleeps, a nudge waits for the morning."""

from datetime import time, timedelta

from schemas.instants import Instant
from state.calendar import calendar_of, wall_instant
from state.customer import CustomerState
from state.rules import QuietHours, Rules


def send_time(customer: CustomerState, rules: Rules, now: Instant) -> Instant:
    """Return ``now``, or the end of the quiet hours that it lies in (in the customer's zone, else the program's)."""
    quiet = rules.quiet_hours
    if quiet is None:
        return now
    calendar = calendar_of(customer.time_zone) if customer.time_zone else rules.calendar
    local = calendar.local_time(now)
    clock = local.time()
    if not _is_quiet(quiet, clock):
        return now
    ends_tomorrow = quiet.ends <= quiet.starts <= clock
    day = local.date() + timedelta(days=1 if ends_tomorrow else 0)
    return wall_instant(calendar.zone, day, quiet.ends)


def _is_quiet(quiet: QuietHours, clock: time) -> bool:
    if quiet.starts < quiet.ends:
        return quiet.starts <= clock < quiet.ends
    return clock >= quiet.starts or clock < quiet.ends
