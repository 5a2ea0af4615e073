/** The page: what it shows first, its streams, and the search. */

import { byId, useCurrency } from "./dom.js";
import { showCustomer } from "./customer.js";
import { showEntry, showOverview } from "./overview.js";
import { follow } from "./stream.js";
import { ask, streamUrl } from "./token.js";

const WORDS = { live: "Live", cut: "Connection lost. Trying again…", back: "Connected again", closed: "A token is needed" };
const BACK_FOR_MS = 4000;
let wasCut = false;
let backTimer = null;

start();

async function start() {
  addEventListener("hashchange", showAddressed);
  byId("search").addEventListener("submit", search);
  if (!(await load())) return;
  showAddressed();
  follow(() => streamUrl("v1/overview/events"), { overview: showOverview, feed: showEntry }, connection);
}

/** Load the whole with its history; what does not answer is tried again by the stream. False: a token is missing. */
async function load() {
  try {
    const program = await ask("v1/program");
    if (program.status === 401 || program.status === 403) return closed();
    if (program.ok) useCurrency((await program.json()).program.currency);
    const overview = await ask("v1/overview");
    if (overview.ok) showOverview(await overview.json());
  } catch {
    connection("cut");
  }
  return true;
}

function closed() {
  say("closed");
  return false;
}

function connection(state) {
  clearTimeout(backTimer);
  if (state === "cut") {
    wasCut = true;
    return say("cut");
  }
  if (!wasCut) return say("live");
  wasCut = false;
  say("back");
  load();
  backTimer = setTimeout(() => say("live"), BACK_FOR_MS);
}

function say(state) {
  const line = byId("connection");
  line.dataset.state = state;
  line.textContent = WORDS[state];
}

function search(event) {
  event.preventDefault();
  const id = byId("customer-id").value.trim();
  if (!id) return;
  const address = `#customer=${encodeURIComponent(id)}`;
  if (location.hash === address) showAddressed();
  else location.hash = address;
}

function showAddressed() {
  const found = /^#customer=(.+)$/.exec(location.hash);
  let id = null;
  try {
    id = found && decodeURIComponent(found[1]);
  } catch {
    // An address that nobody wrote well is nobody's.
  }
  showCustomer(id);
}
