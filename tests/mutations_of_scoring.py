"""Seeded bugs of scoring, adopting a model and telling why."""

from __future__ import annotations

from state import advance, quiet, score, segment_reasons, segments, standing, step, sums, value
from state.in_force import Models
from tests.mutations import Mutation

MUTATIONS_OF_SCORING = [
    Mutation("an edge itself is above the edge", score.scores_of, "facts.frequency)", "facts.frequency + 1)"),
    Mutation("recency is not reversed", score.scores_of, "(BEST - 1 - staler)", "staler"),
    Mutation("nothing holds a customer in a cluster", score._place, "model.stay_below * apart", "apart"),
    Mutation("a model moves customers anywhere", score._place, "had_event or", "True or"),
    Mutation(
        "a model moves customers to the fresher as easily as to the staler",
        score._place,
        "least < model.fresher_below * apart[present]",
        "model.fresher_below",
    ),
    Mutation("a model moves nobody to the fresher", score._place, "model.fresher_below", "0.0"),
    Mutation(
        "why a model moved somebody to the fresher names the other margin",
        segment_reasons._part_to_be_nearer,
        "had_event or",
        "True or",
    ),
    Mutation("an own order moves nobody to the fresher", score._place, "had_event or", "False or"),
    Mutation(
        "a cluster is carried by its place",
        score._place,
        "model.places.get(previous_cluster)",
        "previous_cluster if 0 <= previous_cluster < len(apart) else None",
    ),
    Mutation(
        "few orders are frequent",
        score.score_customer,
        "frequency > budget.frequency_above",
        "frequency >= budget.frequency_above",
    ),
    Mutation("power needs no dear baskets", score.score_customer, " and aov_minor > power.aov_minor_above", ""),
    Mutation(
        "an adoption is scored as of the clock",
        advance.advance,
        "max(customer.now_at, moment)\n            if rules is",
        "max(customer.now_at, until_at)\n            if rules is",
    ),
    Mutation(
        "an adoption comes before what is due with it",
        advance.advance,
        "customer.due_at > moment",
        "customer.due_at > moment or programs.models.awaited_by(customer) == moment",
    ),
    Mutation("days pass quietly beyond an adoption", advance._quiet_until, "min(until_at, adopted_at)", "until_at"),
    Mutation("an adoption is told as time", advance._adopt, "BY_MODEL", "BY_TIME"),
    Mutation("a persona stays when the tier steps down", advance.conclude, "elif decision.changes:", "elif False:"),
    Mutation("nudges know no segment", advance.conclude, "else standing.rfm", "else None"),
    Mutation("a newcomer waits for the model", step._newcomer, "=programs.models.version", "=-1"),
    Mutation("a duplicate is scored", step.step, 'if fate == "applied":', "if True:"),
    Mutation(
        "a record before the adoption has the new model",
        Models.of,
        "self.current if self.awaited_by(customer) is None else self.previous",
        "self.current",
    ),
    Mutation("since does not move", standing._scored, " and is_same else now", " else now"),
    Mutation("since moves with every score", standing._scored, "and is_same else now", "and False else now"),
    Mutation("a persona's since does not move", standing.follow_tier, ", since_at=decision.now", ""),
    Mutation("each scheme counts for itself", standing._note_changes, "|segment|", "|{scheme}|"),
    Mutation(
        "changes of tiers count as well",
        standing._note_changes,
        "|{customer.segment_changes}",
        "|{customer.segment_changes + customer.tier_changes}",
    ),
    Mutation("who has no order keeps the scores", standing.follow_model, "after = None", "after = before"),
    Mutation(
        "who has no order forgets since when", standing.follow_model, "Emptied(model.version, decision.now)", "None"
    ),
    Mutation(
        "a quiet order is not scored",
        quiet.place_quietly,
        "follow_order(customer, rules, models.current, now, event.order_id)",
        "[]",
    ),
    Mutation(
        "a quiet order moves somebody within an instant",
        standing.follow_order,
        "names_of(after) == names_of(before)",
        "after.since_at == before.since_at",
    ),
    Mutation(
        "a quiet order is ahead of the adoption",
        quiet.place_quietly,
        "before.model_version != models.version or ",
        "",
    ),
    Mutation("a criterion must be exceeded", segments.Ask.is_met, "value >= self.threshold", "value > self.threshold"),
    Mutation(
        "the edge itself is said to be above it",
        segment_reasons._nearest,
        "quintiles[below - 1] + 1",
        "quintiles[below - 1]",
    ),
    Mutation("a value leads to a score that none has", segment_reasons._nearest, "return None", "pass"),
    Mutation("the lower score is told", segments._ways_out, "-score, column", "score, column"),
    Mutation("the larger change is told", segments._ways_out, "abs(score - here)", "-abs(score - here)"),
    Mutation(
        "a cluster's threshold forgets what holds",
        segment_reasons.why_cluster,
        "(1 - _part_to_be_nearer(model, left, here, had_event=had_event)) * apart[left]",
        "apart[left]",
    ),
    Mutation(
        "a persona is told without the next better word",
        segment_reasons.why_persona,
        "for score in (alike[0], alike[-1] + 1)",
        "for score in (alike[0],)",
    ),
    Mutation(
        "of two words as near the worse is told",
        segment_reasons.why_persona,
        "key=lambda score: abs(score - r)",
        "key=lambda score: (abs(score - r), score)",
    ),
    Mutation(
        "f and m are mistaken",
        segments.compiled.__wrapped__,
        "{cell: ready",
        "{cell._replace(f=cell.m, m=cell.f): ready",
    ),
    Mutation(
        "a persona has the next worse score's word", segments.SegmentRules.persona_of, "score - 1]", "score - 2]"
    ),
    Mutation("what must not all be met is not told", segments._asks_of, ", rule.not_all)", ")"),
    Mutation("any is told before all", segments._asks_of, "(rule.all_, rule.any_,", "(rule.any_, rule.all_,"),
    Mutation("a range from 2 has no lower end", segments._sides_of, "lowest > 1", "lowest > 2"),
    Mutation("a range has no upper end", segments._sides_of, "highest < BEST", "False"),
    Mutation(
        "other personas are no other definitions",
        segments.compiled.__wrapped__,
        "definitions=(rules, personas)",
        "definitions=(rules, ())",
    ),
    Mutation(
        "other definitions score nobody", advance._change_program, "programs.models.of(customer)", "None"
    ),
    Mutation(
        "any change of program scores everybody",
        advance._change_program,
        "None if rules.segments == old.segments else programs",
        "programs",
    ),
    Mutation(
        "other definitions move customers to any cluster",
        standing.follow_model,
        'decision.cause == "record"',
        'decision.cause != "model_update"',
    ),
    Mutation("the first order is a repeat order", value._orders, "facts.frequency - 1", "facts.frequency"),
    Mutation("nobody is ever gone", value._orders, "if repeats <= 0", "if True"),
    Mutation("the last order was the first", value._orders, "tenure - min(", "0 * min("),
    Mutation("an order is worth what this customer's were", value._amount, "amounts.v + spend", "spend"),
    Mutation(
        "a correction is used before the hand-over", value.pricing_of, 'value.priced_by == "poisson" and ', ""
    ),
    Mutation("a correction is never used", value.pricing_of, 'value.priced_by == "poisson"', "False"),
    Mutation("features are not centred", value._unscaled, "constant - shift", "constant"),
    Mutation(
        "a correction is boundless", value.value_minor, "min(max(linear, -pricing.bound), pricing.bound)", "linear"
    ),
    Mutation("value is cut to the minor unit", value.value_minor, "round(major * unit)", "int(major * unit)"),
    Mutation("four weeks have 29 days", sums.recent_spend, "today - MONTH_DAYS", "today - MONTH_DAYS - 1"),
    Mutation("a quarter has 90 days", sums.recent_spend, "today - QUARTER_DAYS", "today - QUARTER_DAYS + 1"),
    Mutation(
        "a short window forgets what value asks for",
        sums._keep_from,
        "min(_windows_from(customer, rules), customer.window_day - QUARTER_DAYS + 1)",
        "_windows_from(customer, rules)",
    ),
    Mutation("nudges know no value", advance.conclude, "else standing.value_minor", "else None"),
    Mutation(
        "value is as of the scores before",
        standing._scored,
        "scored.value_minor",
        "before and before.value_minor",
    ),
]
