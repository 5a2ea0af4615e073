/** The whole: figures, tiers, moves, nudges, segments, and the feed. */

import { bars, stacked } from "./charts.js";
import { aside, byId, capital, count, date, el, moment, tierClass } from "./dom.js";
import { heldBack, nudgeName, takenBack, told } from "./words.js";

const MOST_ENTRIES = 100;
const MOST_POINTS = 366;
const seen = new Set();
let history = [];
let order = [];

/** Return the names of the tiers, lowest first. */
export const tierOrder = () => order;

/** Show an overview; one without `history` carries the known history on. */
export function showOverview(overview) {
  order = overview.tiers.map((tier) => tier.name);
  if (overview.history) history = overview.history;
  carryOn(overview);
  byId("figures").replaceChildren(...figures(overview));
  byId("program").textContent = overview.program_version;
  byId("tiers").replaceChildren(
    ...bars(overview.tiers.map(({ name, customers }) => ({ label: name, value: customers, tone: tierClass(name, order) }))),
  );
  showHistory();
  showMoves(overview.migrations);
  byId("nudges").replaceChildren(...nudges(overview.nudges));
  byId("segments").replaceChildren(...segments(overview.segments));
}

function carryOn({ as_of: at, tiers }) {
  if (!at) return;
  const point = { at, tiers: Object.fromEntries(tiers.map((tier) => [tier.name, tier.customers])) };
  if (history.at(-1)?.at.slice(0, 10) === at.slice(0, 10)) history.pop();
  history = [...history, point].slice(-MOST_POINTS);
}

function figures(overview) {
  const rate = overview.orders_per_second;
  const rows = [
    ["Customers", count(overview.customers)],
    ["Orders a second", rate === null ? "unknown" : count(Math.round(rate * 10) / 10)],
    ...(overview.lag === null ? [] : [["Records waiting", count(overview.lag)]]),
    ["Records read", count(overview.records)],
    ["Model", overview.model_version === null ? "none yet" : `version ${overview.model_version}`],
    ["As of", overview.as_of ? moment(overview.as_of) : "–"],
  ];
  return rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

function showHistory() {
  const figure = byId("history");
  if (history.length < 2) return figure.replaceChildren(el("p", { class: "quiet" }, "The history begins today."));
  const ends = [history[0], history.at(-1)].map((point) => el("span", {}, date(point.at)));
  figure.replaceChildren(stacked(history, order), el("figcaption", {}, ...ends));
}

function showMoves(migrations) {
  const isUp = (move) => order.indexOf(move.to) > order.indexOf(move.from);
  const rows = [...migrations].sort((one, other) => other.count - one.count).map((move) => ({
    label: `${move.from} → ${move.to}`, value: move.count, tone: isUp(move) ? "up" : "down",
  }));
  const none = el("li", { class: "quiet" }, "Nobody has moved yet.");
  byId("moves").replaceChildren(...(rows.length ? bars(rows) : [none]));
}

function nudges({ issued, suppressed, retracted }) {
  const groups = [
    ["Sent", issued, nudgeName, "sent"],
    ["Held back, because", suppressed, heldBack, "held"],
    ["Taken back, because", retracted, takenBack, "held"],
  ];
  return groups.flatMap(([title, counts, name, tone]) => {
    const rows = Object.entries(counts).sort((one, other) => other[1] - one[1]);
    const list = rows.length
      ? bars(rows.map(([key, value]) => ({ label: name(key), value, tone })))
      : [el("li", { class: "quiet" }, "None so far.")];
    return [el("h3", {}, title), el("ul", { class: "bars long" }, ...list)];
  });
}

function segments(schemes) {
  const known = Object.entries(schemes).filter(([, rows]) => rows.length);
  if (!known.length) {
    return [el("p", { class: "quiet" }, "There are no segments yet: they appear with the first model that is trained.")];
  }
  const titles = { rfm: "By recency, frequency and value", cluster: "By behaviour", persona: "By persona" };
  return known.flatMap(([scheme, rows]) => [
    el("h3", {}, titles[scheme] ?? capital(scheme)),
    el("ul", { class: "bars" }, ...bars(rows.map(({ name, customers }) => ({ label: name, value: customers })))),
  ]);
}

/** Put one entry on top of the feed, once. */
export function showEntry(entry) {
  if (seen.has(entry.id)) return;
  seen.add(entry.id);
  const feed = byId("feed");
  feed.querySelector(":scope > .quiet")?.remove();
  const { tone, text, detail } = told(entry.what, entry.body, order);
  const who = el("a", { href: `#customer=${encodeURIComponent(entry.customer_id)}` }, `Customer ${entry.customer_id}`);
  const words = text.charAt(0).toLowerCase() + text.slice(1);
  const line = entry.what === "tier.changed" ? [who, ` ${words}`] : [who, `: ${words}`];
  feed.prepend(
    el("li", { class: tone }, el("p", {}, ...line, aside(tone, detail)),
      el("time", { datetime: entry.at }, moment(entry.at))),
  );
  while (feed.children.length > MOST_ENTRIES) feed.lastElementChild.remove();
  if (seen.size > 2000) seen.delete(seen.values().next().value);
}
