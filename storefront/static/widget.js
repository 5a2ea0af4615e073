/**
 * <tierline-progress customer="c-42" src="https://loyalty.shop.example"> shows one customer the way to the next tier.
 *
 * Live by server-sent events; while the stream is cut it asks every few seconds. It never shows a segment. Themed by
 * --tierline-accent, --tierline-track, --tierline-ink, --tierline-soft, --tierline-radius, --tierline-font and the
 * attribute `currency` (ISO code, USD when left out). `token` is the shopper's own, short-lived, where the API wants one.
 */

const POLL_MS = 5000;
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: block; font: var(--tierline-font, inherit); color: var(--tierline-ink, inherit); }
  :host([hidden]) { display: none; }
  p { margin: 0 0 .35em; }
  .tier { font-weight: 650; text-transform: capitalize; }
  .note { color: var(--tierline-soft, inherit); font-size: .875em; margin: .35em 0 0; }
  .track { height: .6em; border-radius: var(--tierline-radius, 99px); background: var(--tierline-track, #dcdcdc); overflow: hidden; }
  .track div { height: 100%; width: calc(var(--part, 0) * 100%); background: var(--tierline-accent, #1d5c5e); transition: width .4s; }
  @media (prefers-reduced-motion: reduce) { .track div { transition: none; } }
`);

class TierlineProgress extends HTMLElement {
  static observedAttributes = ["customer", "src", "currency", "token"];

  #source = null;
  #timer = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    this.#begin();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#begin();
  }

  get #url() {
    const base = (this.getAttribute("src") ?? "").replace(/\/+$/, "");
    return `${base}/v1/customers/${encodeURIComponent(this.getAttribute("customer"))}`;
  }

  #begin() {
    this.#end();
    this.shadowRoot.replaceChildren();
    if (!this.getAttribute("customer")) return;
    this.#poll();
    this.#listen();
  }

  #end() {
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#source = null;
  }

  /** Follow the stream; when it is cut, ask and try again after a while. */
  #listen() {
    const token = this.getAttribute("token");
    const source = new EventSource(`${this.#url}/events${token ? `?access_token=${encodeURIComponent(token)}` : ""}`);
    this.#source = source;
    source.addEventListener("customer", (event) => this.#show(JSON.parse(event.data).tier));
    source.onerror = () => {
      source.close();
      if (this.#source !== source) return;
      this.#timer = setTimeout(() => {
        this.#poll();
        this.#listen();
      }, POLL_MS);
    };
  }

  async #poll() {
    const url = this.#url;
    try {
      const token = this.getAttribute("token");
      const answer = await fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
      const body = await answer.json();
      if (this.#url === url && this.isConnected && body.tier) this.#show(body.tier);
    } catch {
      // What was shown last stays; the next try comes.
    }
  }

  #show(tier) {
    const line = node("p", "", node("span", "tier", tier.name));
    if (!tier.next) return this.shadowRoot.replaceChildren(line, node("p", "note", "You have reached our highest tier."));
    const part = partOf(tier.next);
    line.append(` – ${this.#missing(tier.next)} to ${tier.next.name}`);
    const track = node("div", "track", node("div", ""));
    track.setAttribute("role", "progressbar");
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", "100");
    track.setAttribute("aria-valuenow", Math.floor(part * 100));
    track.setAttribute("aria-label", `Progress to ${tier.next.name}`);
    track.style.setProperty("--part", part);
    this.shadowRoot.replaceChildren(line, track, ...until(tier));
  }

  #missing({ missing, cheapest_path: path }) {
    const currency = this.getAttribute("currency") ?? "USD";
    const format = new Intl.NumberFormat(document.documentElement.lang || "en", { style: "currency", currency });
    const parts = [];
    if (missing.spend !== null) parts.push(format.format(missing.spend));
    if (missing.orders !== null) parts.push(missing.orders === 1 ? "1 order" : `${missing.orders} orders`);
    return parts.join(path === "both" ? " and " : " or ");
  }
}

function node(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function partOf({ progress, cheapest_path: path }) {
  const parts = [progress.spend, progress.orders].filter((part) => part !== null);
  return path === "both" ? Math.min(...parts) : Math.max(0, ...parts);
}

function until({ expires_at: ends, name }) {
  if (!ends) return [];
  const day = new Date(ends).toLocaleDateString(document.documentElement.lang || "en", { dateStyle: "medium", timeZone: "UTC" });
  return [node("p", "note", `Your ${name} tier is yours until ${day}.`)];
}

customElements.define("tierline-progress", TierlineProgress);
