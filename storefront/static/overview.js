/** The whole: figures, tiers, moves, nudges, segments, and the feed. */

import { bars, moveBars, stacked } from "./charts.js";
import { aside, byId, count, date, el, moment, tierClass } from "./dom.js";
import { showSegments } from "./segments.js";
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
  showSegments(overview.segments, overview.segment_migrations, history, order);
}

function carryOn({ as_of: at, tiers, segments }) {
  if (!at) return;
  const counts = (rows) => Object.fromEntries(rows.map((row) => [row.name, row.customers]));
  const byScheme = Object.fromEntries(Object.entries(segments).map(([scheme, rows]) => [scheme, counts(rows)]));
  const point = { at, tiers: counts(tiers), segments: byScheme };
  if (history.at(-1)?.at.slice(0, 10) === at.slice(0, 10)) history.pop();
  history = [...history, point].slice(-MOST_POINTS);
}

function figures(overview) {
  const rate = overview.orders_per_second;
  const rows = [
    ["Customers", count(overview.customers)],
    ["Orders a second", rate === null ? "unknown" : count(Math.round(rate * 10) / 10)],
    ["Records waiting", overview.lag === null ? "unknown: no worker" : count(overview.lag)],
    ["Records read", count(overview.records)],
    ["Model", modelWords(overview.model)],
    ["Value in 90 days", valueWords(overview.model)],
    ["As of", overview.as_of ? moment(overview.as_of) : "–"],
  ];
  return rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

function modelWords({ lowest, highest }) {
  if (highest === null) return "none yet";
  return lowest === highest ? `version ${highest}` : `version ${highest}, still ${lowest ?? "none"} in parts`;
}

/** What prices customers: the prior alone until enough labels have matured, then corrected by them. */
function valueWords({ priced_by: by, labels }) {
  if (by === "poisson") return `BG/NBD, corrected by ${count(labels)} labels`;
  return by === "bg_nbd" ? `BG/NBD alone, ${count(labels)} labels so far` : "not priced yet";
}

function showHistory() {
  const figure = byId("history");
  if (history.length < 2) return figure.replaceChildren(el("p", { class: "quiet" }, "The history begins today."));
  const ends = [history[0], history.at(-1)].map((point) => el("span", {}, date(point.at)));
  const points = history.map(({ at, tiers }) => ({ at, counts: tiers }));
  const chart = stacked(points, order, (tier) => tierClass(tier, order), "Customers by tier");
  figure.replaceChildren(chart, el("figcaption", {}, ...ends));
}

function showMoves(migrations) {
  const isUp = (move) => order.indexOf(move.to) > order.indexOf(move.from);
  byId("moves").replaceChildren(...moveBars(migrations, (move) => (isUp(move) ? "up" : "down")));
}

function nudges({ issued, suppressed, retracted }) {
  const groups = [
    ["Sent", issued, nudgeName, "sent"],
    ["Held back, because", suppressed, heldBack, "held"],
    ["Taken back, because", retracted, takenBack, "held"],
  ];
  return groups.map(([title, counts, name, tone]) => {
    const rows = Object.entries(counts).sort((one, other) => other[1] - one[1]);
    const list = rows.length
      ? bars(rows.map(([key, value]) => ({ label: name(key), value, tone })))
      : [el("li", { class: "quiet" }, "None so far.")];
    return el("div", {}, el("h3", {}, title), el("ul", { class: "bars long" }, ...list));
  });
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
  const kind = entry.what.split(".")[0];
  const line = kind === "nudge" ? [who, `: ${words}`] : [who, ` ${words}`];
  feed.prepend(
    el("li", { class: tone, "data-kind": kind }, el("p", {}, ...line, aside(tone, detail)),
      el("time", { datetime: entry.at }, moment(entry.at))),
  );
  while (feed.children.length > MOST_ENTRIES) feed.lastElementChild.remove();
  if (seen.size > 2000) seen.delete(seen.values().next().value);
}

byId("kinds").addEventListener("change", () => {
  const left = [...byId("kinds").querySelectorAll("input:not(:checked)")].map((box) => box.value);
  byId("feed").dataset.hide = left.join(" ");
});
