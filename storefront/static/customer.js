/** One customer: the tier card, why, and the timeline; live. */

import { aside, byId, capital, date, el, missingWords, moment, money, tierClass } from "./dom.js";
import { tierOrder } from "./overview.js";
import { follow } from "./stream.js";
import { ask, streamUrl } from "./token.js";
import { daysAgo } from "./reasons.js";
import { standing } from "./standing.js";
import { told } from "./words.js";

let stop = () => {};
let shown = null;
let reasons = null;

/** Show this customer, or nobody for null. */
export function showCustomer(id) {
  stop();
  stop = () => {};
  shown = id;
  reasons = null;
  const section = byId("customer");
  section.hidden = id === null;
  section.replaceChildren();
  if (id === null) return;
  byId("customer-id").value = id;
  const card = el("div", { class: "card" }, el("p", { class: "quiet" }, "Looking…"));
  const timeline = el("div", { class: "card timeline" });
  section.append(card, timeline);
  section.focus({ preventScroll: false });
  load(id, card, timeline);
}

async function load(id, card, timeline) {
  const url = `v1/customers/${encodeURIComponent(id)}`;
  let answer;
  try {
    answer = await ask(url);
  } catch {
    if (shown === id) card.replaceChildren(el("p", {}, "The API does not answer. Try again in a moment."));
    return;
  }
  if (shown !== id) return;
  const body = await answer.json();
  if (answer.status !== 200 && answer.status !== 404) {
    return card.replaceChildren(...heading(id), el("p", {}, body.detail ?? "This customer cannot be shown."));
  }
  card.replaceChildren(...tierCard(id, body, answer.status === 404));
  if (answer.status === 404) return timeline.remove();
  explain(id, url, card, timeline);
  let pending = null;
  const changed = (view) => {
    card.replaceChildren(...tierCard(id, view, false));
    clearTimeout(pending);
    pending = setTimeout(() => explain(id, url, card, timeline), 300);
  };
  const end = follow(() => streamUrl(`${url}/events`), { customer: changed });
  stop = () => {
    clearTimeout(pending);
    end();
  };
}

const heading = (id) => [el("p", { class: "over" }, "Customer"), el("h2", { class: "who" }, id)];

function tierCard(id, view, isUnknown) {
  const { tier } = view;
  const badge = el("p", { class: `badge ${tierClass(tier.name, tierOrder())}` }, capital(tier.name));
  const note = isUnknown ? "No event of this customer has arrived yet: this is where everybody begins." : heldUntil(tier);
  const more = isUnknown ? [] : [facts(view), el("div", { class: "standing" }, ...standing(view, reasons))];
  return [...heading(id), badge, el("p", {}, note), ...nextTier(tier), ...more];
}

function heldUntil(tier) {
  const since = tier.since ? `Since ${date(tier.since)}. ` : "";
  if (tier.grace_until) return `${since}In grace until ${date(tier.grace_until)}, then ${tier.at_expiration}.`;
  if (!tier.expires_at) return since.trim();
  const then = tier.at_expiration === tier.name ? "and then renewed" : `then ${tier.at_expiration}`;
  return `${since}Held until ${date(tier.expires_at)}, ${then} if no order comes.`;
}

function nextTier({ next }) {
  if (!next) return [el("p", { class: "aim" }, "This is the highest tier.")];
  const part = bestPart(next);
  const words = `${missingWords(next.missing, next.cheapest_path)} to ${next.name}`;
  return [
    el("p", { class: "aim" }, words, next.near ? el("span", { class: "near" }, "near") : null),
    el("progress", { max: 1, value: part, "aria-label": `Progress to ${next.name}` }),
  ];
}

/** The nearest way counts, unless the rules ask for both. */
function bestPart({ progress, cheapest_path: path }) {
  const parts = [progress.spend, progress.orders].filter((part) => part !== null && part !== undefined);
  return path === "both" ? Math.min(...parts) : Math.max(0, ...parts);
}

function facts({ rfm }) {
  const rows = [
    ["Orders", rfm.frequency],
    ["Spent, after refunds", money(rfm.monetary)],
    ["Last order", rfm.recency_days === null ? "none" : daysAgo(rfm.recency_days)],
    ["Each order, on average", rfm.aov === null ? "–" : money(rfm.aov)],
  ];
  return el("dl", { class: "facts" }, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, `${value}`))));
}

async function explain(id, url, card, timeline) {
  const answer = await ask(`${url}/explain`).catch(() => null);
  if (!answer?.ok || shown !== id) return;
  const explained = await answer.json();
  const { orders, history } = explained;
  reasons = explained.segment_why ?? null;
  card.querySelector(".standing")?.replaceChildren(...standing(explained, reasons));
  const rows = [...orders.map(orderRow), ...history.map(eventRow)].sort((one, other) => (one.at < other.at ? 1 : -1));
  const none = el("p", { class: "quiet" }, "Nothing has happened yet.");
  const list = el("ol", { class: "feed", tabindex: 0, "aria-label": "Timeline" }, ...rows.map((row) => row.element));
  timeline.replaceChildren(el("h3", {}, "What happened"), rows.length ? list : none);
}

function orderRow({ order_id: order, occurred_at: at, amount, counts, leaves_at: leaves }) {
  const detail = counts ? (leaves ? `counts until ${date(leaves)}` : "counts") : "does not count";
  return row(at, "order", `Order ${order}, ${money(amount)}`, detail);
}

function eventRow({ at, what, body }) {
  const { tone, text, detail } = told(what, body, tierOrder());
  return row(at, tone, text, detail);
}

function row(at, tone, text, detail) {
  const words = el("p", {}, text, aside(tone, detail));
  return { at, element: el("li", { class: tone }, words, el("time", { datetime: at }, moment(at))) };
}
