/** The segments of the whole: who is where, how that came, and who moved. One scheme at a time. */

import { bars, moveBars, stacked } from "./charts.js";
import { byId, date, el, segmentClass } from "./dom.js";

const NONE = "There are no segments yet: they appear with the first model that is trained.";
let latest = { segments: {}, moves: {}, history: [], tiers: [] };

/** Show these segments, of the scheme that the reader has chosen. */
export function showSegments(segments, moves, history, tiers) {
  latest = { segments, moves, history, tiers };
  draw();
}

byId("schemes").addEventListener("change", draw);

function draw() {
  const scheme = byId("schemes").querySelector("input:checked").value;
  const rows = latest.segments[scheme] ?? [];
  const names = rows.map((row) => row.name);
  const tone = (name) => segmentClass(scheme, name, names, latest.tiers);
  const shown = bars(rows.map(({ name, customers }) => ({ label: name, value: customers, tone: tone(name) })));
  byId("schemes").hidden = !Object.values(latest.segments).some((one) => one.length);
  byId("segments").replaceChildren(...(shown.length ? shown : [el("li", { class: "quiet" }, NONE)]));
  drawHistory(scheme, names, tone);
  drawMoves(latest.moves[scheme] ?? [], tone);
}

function drawHistory(scheme, names, tone) {
  const figure = byId("segment-history");
  const points = latest.history
    .map(({ at, segments }) => ({ at, counts: segments?.[scheme] ?? {} }))
    .filter(({ counts }) => Object.keys(counts).length);
  figure.hidden = points.length < 2;
  if (figure.hidden) return figure.replaceChildren();
  const ends = [points[0], points.at(-1)].map((point) => el("span", {}, date(point.at)));
  figure.replaceChildren(stacked(points, names, tone, "Customers by segment"), el("figcaption", {}, ...ends));
}

function drawMoves(moves, tone) {
  byId("segment-moves").replaceChildren(...moveBars(moves, (move) => tone(move.to)));
}
