"""Nudges: each kind is one small file with its own condition; the guards are the same for all."""

from state.nudges import tier_at_risk, tier_changed, tier_near
from state.nudges.kind import NudgeKind

KINDS: tuple[NudgeKind, ...] = (tier_changed.DOWNGRADED, tier_changed.UPGRADED, tier_at_risk.KIND, tier_near.KIND)
"""Every kind, in the order in which the candidates of one decision are taken."""

KIND_BY_NAME = {kind.name: kind for kind in KINDS}
