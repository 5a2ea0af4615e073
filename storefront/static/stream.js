/** A server-sent event stream that comes back by itself, also after an answer that was an error. */

const LONGEST_WAIT_MS = 8000;

/**
 * Follow what `url()` names. `handlers` maps event names to functions of the parsed data; `onState` hears "live" and "cut".
 * Returns a function that ends it. Readers drop what they have seen already: a new stream repeats its beginning.
 */
export function follow(url, handlers, onState = () => {}) {
  let source = null;
  let timer = null;
  let waitMs = 500;
  const open = () => {
    source = new EventSource(url());
    source.onopen = () => {
      waitMs = 500;
      onState("live");
    };
    source.onerror = () => {
      source.close();
      onState("cut");
      timer = setTimeout(open, waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
