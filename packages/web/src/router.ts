// The page that is shown, kept in step with the browser's address: the History API behind two signals.

import { signal } from "@preact/signals";
import { parsePath, pathOf, type Route } from "./address.ts";

/** The page that is shown. */
export const route = signal<Route>({ page: "index" });
/** The part after `#`, without it. */
export const hash = signal("");

function read() {
  hash.value = location.hash.slice(1);
  const next = parsePath(location.pathname);
  if (pathOf(next) !== pathOf(route.value) || next.page !== route.value.page) route.value = next;
}

/** Goes to an address of ours. `replace`: the page it leaves is not kept in the history. */
export function go(path: string, replace = false) {
  if (replace) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.search + location.hash)
    history.pushState(null, "", path);
  const before = route.value;
  read();
  if (!location.hash && before !== route.value) window.scrollTo(0, 0);
}

/** Starts listening: back and forward, and clicks on links of ours. */
export function startRouter() {
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute("download"))
      return;
    // What has an extension, and the documentation, is the server's own.
    if (/\.\w+$|^\/(docs|v1|healthz|metrics)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
  read();
}
