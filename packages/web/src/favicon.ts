// The tab's icon turns red while a ticker's newest run failed, so that a tab in the background tells too.

import { effect } from "@preact/signals";
import { isFailure } from "@ticker/core/run";
import { tiles } from "./tiles.ts";

/** Keeps the icon in step with the tiles; called once. */
export function startFavicon() {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  effect(() => {
    const isBad = tiles.value.some(
      ({ value: { state, lastOutcome } }) =>
        state === "started" && lastOutcome !== null && isFailure(lastOutcome),
    );
    const path = isBad ? "/favicon-failing.svg" : "/favicon.svg";
    if (link && link.getAttribute("href") !== path) link.href = path;
  });
}
