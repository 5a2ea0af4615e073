"""What decisions say becomes outputs, and is counted in the partition's meta."""

from state.bodies import messages_of
from state.changes import Changes
from state.customer import CustomerState
from state.decision import Decision
from state.meta import PartitionMeta
from state.outputs import output_of
from state.standing import SCHEMES, names_of


def speak(decision: Decision, changes: Changes) -> None:
    """Say and count what ``decision`` changed, issued, held back and took back; most decisions say nothing."""
    if not (decision.changes or decision.segment_changes or decision.outcomes or decision.retractions):
        return
    customer_id, meta = decision.customer.customer_id, changes.meta
    for message in messages_of(decision):
        changes.say(meta.step + 1, customer_id, output_of(message, customer_id))
    for change in decision.changes:
        meta.count("tier_changes:" + change.trigger.kind)
        meta.note_move(change.came_from.name, change.to.name)
    for moved in decision.segment_changes:
        meta.count(f"segment_changes:{moved.scheme}:{decision.trigger.kind}")
        meta.note_segment_move(moved.scheme, moved.came_from, moved.to)
    for outcome in decision.outcomes:
        kind = outcome.candidate.kind
        meta.count("issued:" + kind if outcome.reason is None else f"suppressed:{kind}:{outcome.reason}")
    for retraction in decision.retractions:
        meta.count(f"retracted:{retraction.nudge.kind}:{retraction.reason}")


def note_without_segments(customer: CustomerState, meta: PartitionMeta) -> None:
    """Count a customer who is gone out of their segments."""
    for scheme, name in zip(SCHEMES, names_of(customer.standing), strict=True):
        meta.note_segment_move(scheme, name, None)
