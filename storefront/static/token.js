/** The token that the API may ask for: kept for this tab, sent with every request. */

import { byId } from "./dom.js";

const KEY = "tierline-token";

/** Ask the API; one that wants a token, or another one, makes the page ask for it. */
export async function ask(url) {
  const token = sessionStorage.getItem(KEY);
  const answer = await fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401 || answer.status === 403) askReader(token !== null);
  return answer;
}

/** Return the address of a stream, which can send no header. */
export function streamUrl(url) {
  const token = sessionStorage.getItem(KEY);
  return token ? `${url}?access_token=${encodeURIComponent(token)}` : url;
}

function askReader(isRefused) {
  const form = byId("token");
  form.hidden = false;
  byId("token-words").textContent = isRefused
    ? "This token is over, or may not see the whole. Give a service token."
    : "This API answers only to those who have a token.";
  form.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, byId("token-value").value.trim());
    location.reload();
  };
}
