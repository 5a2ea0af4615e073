/** What happened, in words a manager understands. */

import { capital, missingWords } from "./dom.js";
import { likeness } from "./reasons.js";

const NUDGES = {
  tier_near: "Reminder that the next tier is near",
  tier_at_risk: "Warning that the tier is about to end",
  tier_upgraded: "Congratulation on the new tier",
  tier_downgraded: "Note on the lower tier",
};

const HELD_BACK = {
  backfill: "it comes from history, not from today",
  program_change: "only the rules changed, not the customer",
  dry_run: "this kind is being tried out and not sent",
  no_consent: "the customer did not agree to messages",
  service_recovery: "an open complaint comes first",
  holdout: "the customer is in the control group",
  cap: "asked too recently or too often",
  priority: "a more important message went first",
  quiet_hours_expired: "it would have been out of date after the quiet hours",
};
// The body does not say which cap it was; a reminder of one kind goes out once a week at most by default.

const TAKEN_BACK = {
  reached: "the tier is reached",
  tier_changed: "the tier changed",
  no_longer_near: "the next tier is no longer near",
  will_renew: "the tier will be renewed",
  purchased: "the customer bought",
};

const SET_OFF = {
  refund: "after a refund",
  time: "as time passed",
  program_change: "because the rules changed",
  manual: "by hand",
};

const SEGMENT_SET_OFF = {
  order: "after an order",
  refund: "after a refund",
  time: "as time passed",
  model_update: "compared anew with all others",
  program_change: "because the rules changed",
  manual: "by hand",
};

/** Return what set a change of segment off, in words. */
export const setOff = (kind) => SEGMENT_SET_OFF[kind] ?? "";

/** Return the name of a kind of nudge. */
export const nudgeName = (kind) => NUDGES[kind] ?? capital(kind.replaceAll("_", " "));

/** Return why nudges are held back, in words. */
export const heldBack = (reason) => HELD_BACK[reason] ?? reason.replaceAll("_", " ");

/** Return why nudges are taken back, in words. */
export const takenBack = (reason) => TAKEN_BACK[reason] ?? reason.replaceAll("_", " ");

/** Return the tone and the words of one entry; `tierOrder` holds the tiers, lowest first. */
export function told(what, body, tierOrder) {
  switch (what) {
    case "tier.changed":
      return changed(body, tierOrder);
    case "segment.changed":
      return { tone: "moved", ...segmentChanged(body) };
    case "nudge.issued":
      return { tone: "sent", text: nudgeName(body.kind), detail: toGo(body) };
    case "nudge.suppressed":
      return { tone: "held", text: `${nudgeName(body.kind)} held back`, detail: heldBack(body.reason) };
    case "nudge.retracted":
      return { tone: "held", text: `${nudgeName(body.kind)} taken back`, detail: takenBack(body.reason) };
    default:
      return { tone: "held", text: what.replaceAll(".", " "), detail: "" };
  }
}

function changed(body, tierOrder) {
  const isUp = tierOrder.indexOf(body.to) > tierOrder.indexOf(body.from);
  const why = SET_OFF[body.trigger?.kind];
  return {
    tone: isUp ? "up" : "down",
    text: `${isUp ? "Reached" : "Went down to"} ${body.to}`,
    detail: [`from ${body.from}`, why].filter(Boolean).join(", "),
  };
}

function segmentChanged(body) {
  if (body.to === null) return { text: "Has no segment now", detail: `was ${body.from}: no order counts any more` };
  const was = body.from === null ? "for the first time" : `was ${body.from}`;
  const text = body.scheme === "cluster" ? `Buys like ${body.to} now` : `Is ${body.to} now`;
  return { text, detail: `${was}: ${likeness(body)}; model ${body.model_version}` };
}

function toGo(body) {
  if (body.kind === "tier_at_risk") return `${body.tier} is about to end`;
  const missing = body.kind === "tier_near" ? missingWords(body.missing, body.cheapest_path) : "";
  return missing && body.next_tier ? `${missing} to ${body.next_tier}` : "";
}
