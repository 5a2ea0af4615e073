/** Bars and histories, drawn by hand. */

import { count, date, el, svg } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 190;
const MOVES_SHOWN = 10;

/** Return rows of a bar list: `rows` are {label, value, tone}. */
export function bars(rows) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return rows.map((row) => {
    const bar = el("span", { class: `bar ${row.tone ?? ""}`, "aria-hidden": "true" });
    bar.style.setProperty("--part", row.value / most);
    return el("li", {}, el("span", { class: "label" }, row.label), bar, el("span", { class: "value" }, count(row.value)));
  });
}

/** Return the largest moves as bars, largest first, and how many people the others moved; `tone` is that of a move. */
export function moveBars(moves, tone) {
  if (!moves.length) return [el("li", { class: "quiet" }, "Nobody has moved yet.")];
  const sorted = [...moves].sort((one, other) => other.count - one.count);
  const rest = sorted.splice(MOVES_SHOWN);
  const shown = bars(sorted.map((move) => ({ label: `${move.from} → ${move.to}`, value: move.count, tone: tone(move) })));
  if (!rest.length) return shown;
  const others = rest.reduce((sum, move) => sum + move.count, 0);
  return [...shown, el("li", { class: "quiet" }, `${count(others)} more by ${rest.length} smaller ways.`)];
}

/** Return counts over time as stacked areas, the first name at the bottom; `points` are {at, counts}, `what` says of what. */
export function stacked(points, names, tone, what) {
  const first = Date.parse(points[0].at);
  const span = Math.max(1, Date.parse(points.at(-1).at) - first);
  const totals = points.map((point) => names.reduce((sum, name) => sum + (point.counts[name] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const x = (point) => (((Date.parse(point.at) - first) / span) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - (value / top) * HEIGHT).toFixed(1);
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  chart.setAttribute("aria-label", summary(points, names, what));
  let floor = points.map(() => 0);
  for (const name of names) {
    const ceiling = points.map((point, at) => floor[at] + (point.counts[name] ?? 0));
    const upper = points.map((point, at) => `${x(point)},${y(ceiling[at])}`);
    const lower = points.map((point, at) => `${x(point)},${y(floor[at])}`).reverse();
    chart.append(svg("polygon", { class: tone(name), points: [...upper, ...lower].join(" ") }));
    floor = ceiling;
  }
  return chart;
}

function summary(points, names, what) {
  const told = (point) => names.map((name) => `${name} ${count(point.counts[name] ?? 0)}`).join(", ");
  const [first, last] = [points[0], points.at(-1)];
  return `${what} over time. ${date(first.at)}: ${told(first)}. ${date(last.at)}: ${told(last)}.`;
}
