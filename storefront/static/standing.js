/** How one customer compares with the others: scores, segments, traits, why, and expected value. */

import { date, el } from "./dom.js";
import { likeness, otherwise } from "./reasons.js";
import { setOff } from "./words.js";

const SCORES = { r: "Recency", f: "Frequency", m: "Spend" };
const SCHEMES = { rfm: "By value", cluster: "By behaviour", persona: "Persona" };

/** Return the part of the card; `reasons` is null until they are known. */
export function standing(view, reasons) {
  const { segment, rfm, model_version: version } = view;
  if (!segment?.rfm) {
    const words = version === null || version === undefined ? "before the first model" : "without an order that counts";
    return [el("h3", {}, "Segments"), el("p", { class: "quiet" }, `None ${words}.`)];
  }
  const rows = Object.entries(SCHEMES).map(([scheme, title]) => segmentRow(title, scheme, segment[scheme], reasons));
  const traits = segment.traits.length ? segment.traits.join(", ") : "none";
  return [
    el("h3", {}, "Scores, 5 is best"),
    el("dl", { class: "scores" }, ...Object.entries(SCORES).map(([name, title]) => score(title, rfm.scores[name]))),
    el("h3", {}, "Segments"),
    el("dl", { class: "segments" }, ...rows, pair("Traits", traits)),
    el("p", { class: "quiet small" }, `Since ${date(segment.since)}, by model ${version}.`),
    ...value(view),
  ];
}

/** What the model expects them to spend; nothing where it does not say. */
function value({ clv_90d: expected }) {
  if (expected === null || expected === undefined) return [];
  return [el("h3", {}, "Value"), el("dl", { class: "segments" }, pair("Expected in 90 days", expected))];
}

function score(title, value) {
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--part", value / 5);
  return el("div", {}, el("dt", {}, title), el("dd", {}, `${value} of 5`, bar));
}

function segmentRow(title, scheme, name, reasons) {
  const why = reasons?.[scheme];
  const words = reasons ? [el("span", { class: "why" }, why ? reason(scheme, why) : "What led to it is no longer kept.")] : [];
  return pair(title, name, ...words);
}

function reason(scheme, why) {
  const told = { scheme, ...why };
  const parts = [likeness(told), setOff(why.trigger.kind), why.from ? `${why.from} before` : ""].filter(Boolean);
  const other = otherwise(told);
  return `${date(why.at)}: ${parts.join(", ")}.${other ? ` Otherwise: ${other}.` : ""}`;
}

function pair(name, value, ...more) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value, ...more));
}
