/** Elements and formats. Text is only ever set as text, so no customer id can become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Return a new element; `children` are elements or text. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** Return a new SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return the element with this id. */
export const byId = (id) => document.getElementById(id);

const whole = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export const count = (value) => whole.format(value);
export const date = (instant) => day.format(new Date(instant));
export const moment = (instant) => minute.format(new Date(instant)) + " UTC";
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

let currency = "USD";

/** Let amounts be in this currency. */
export function useCurrency(code) {
  currency = code;
}

/** Return a decimal string as an amount of money. */
export function money(text) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(text);
}

/** Return what is missing, such as "$37.00 or 1 order"; the rules say whether one is enough. */
export function missingWords(missing, path) {
  const parts = [];
  if (missing?.spend !== null && missing?.spend !== undefined) parts.push(money(missing.spend));
  if (missing?.orders !== null && missing?.orders !== undefined) parts.push(plural(missing.orders, "order"));
  return parts.join(path === "both" ? " and " : " or ");
}

/** Return an element's colour slot for a tier: its place in the program, lowest first. */
export const tierClass = (name, order) => `tier-${Math.max(0, order.indexOf(name)) % 6}`;

/** Return an element's colour slot for a segment: a persona has its tier's, paler where a fresher one is above it. */
export function segmentClass(scheme, name, names, tiers) {
  if (scheme !== "persona") return `segment-${Math.max(0, names.indexOf(name)) % 8}`;
  const tier = tierOf(name);
  const rank = tiers.findIndex((one) => one.toLowerCase() === tier.toLowerCase());
  const isPaler = name.startsWith("Dormant ") || names.filter((one) => tierOf(one) === tier).indexOf(name) > 0;
  return `tier-${Math.max(0, rank) % 6}${isPaler ? " dormant" : ""}`;
}

/** Return what stands behind a persona's word. */
const tierOf = (persona) => persona.slice(persona.indexOf(" ") + 1);

/** Return the softer half of a line: what is held back or sent is explained after a colon. */
export function aside(tone, detail) {
  if (!detail) return null;
  return el("span", { class: "detail" }, (tone === "held" || tone === "sent" ? ": " : ", ") + detail);
}
