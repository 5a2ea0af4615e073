/** Bars and the history of the tiers, drawn by hand. */

import { count, date, el, svg, tierClass } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 190;

/** Return rows of a bar list: `rows` are {label, value, tone}. */
export function bars(rows) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return rows.map((row) => {
    const bar = el("span", { class: `bar ${row.tone ?? ""}`, "aria-hidden": "true" });
    bar.style.setProperty("--part", row.value / most);
    return el("li", {}, el("span", { class: "label" }, row.label), bar, el("span", { class: "value" }, count(row.value)));
  });
}

/** Return the customers of each tier over time as stacked areas, lowest tier at the bottom. */
export function stacked(history, order) {
  const first = Date.parse(history[0].at);
  const span = Math.max(1, Date.parse(history.at(-1).at) - first);
  const totals = history.map((point) => order.reduce((sum, tier) => sum + (point.tiers[tier] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const x = (point) => (((Date.parse(point.at) - first) / span) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - (value / top) * HEIGHT).toFixed(1);
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  chart.setAttribute("aria-label", summary(history, order));
  let floor = history.map(() => 0);
  for (const tier of order) {
    const ceiling = history.map((point, at) => floor[at] + (point.tiers[tier] ?? 0));
    const upper = history.map((point, at) => `${x(point)},${y(ceiling[at])}`);
    const lower = history.map((point, at) => `${x(point)},${y(floor[at])}`).reverse();
    chart.append(svg("polygon", { class: tierClass(tier, order), points: [...upper, ...lower].join(" ") }));
    floor = ceiling;
  }
  return chart;
}

function summary(history, order) {
  const told = (point) => order.map((tier) => `${tier} ${count(point.tiers[tier] ?? 0)}`).join(", ");
  const [first, last] = [history[0], history.at(-1)];
  return `Customers by tier over time. ${date(first.at)}: ${told(first)}. ${date(last.at)}: ${told(last)}.`;
}
