/** Why a segment, in words a manager understands. */

import { money, plural } from "./dom.js";

const SCORES = { r: "recency", f: "frequency", m: "spend" };

/** Return what the customer is like in a segment, such as "last order 41 days ago". */
export function likeness({ scheme, criteria, counterfactual }) {
  if (scheme === "cluster") return "nearest to how they buy";
  const raw = RAW[counterfactual?.name];
  if (raw) return raw(counterfactual.value);
  const scores = criteria.filter(({ name }) => name in SCORES).map(({ name, value }) => `${SCORES[name]} ${value} of 5`);
  return scores.join(", ");
}

/** Return what would have led to another segment, or "" where nothing would. */
export function otherwise({ scheme, counterfactual: other }) {
  if (!other) return "";
  if (scheme === "cluster") return `the next nearest are ${other.segment}`;
  if (other.name === "recency_days") return `${other.segment} with a last order ${daysAgo(other.needed)}`;
  if (other.name === "r") return `${other.segment} with recency ${other.needed} of 5`;
  return `${other.segment} with ${RAW[other.name](other.needed)}`;
}

const RAW = {
  recency_days: (value) => `last order ${daysAgo(value)}`,
  frequency: (value) => plural(value, "order"),
  monetary: (value) => `${money(value)} spent`,
};

export const daysAgo = (days) => (days === 0 ? "today" : days === 1 ? "yesterday" : `${days} days ago`);
