// The console's entrance: styles, clock, router, keys, then the page.

import "./css/main.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { startClock } from "./clock.ts";
import { startFavicon } from "./favicon.ts";
import { bindKeys, isRevealed, startKeys } from "./keys.ts";
import { go, startRouter } from "./router.ts";
import { startService } from "./service.ts";
import { isMixed, SIZES, size } from "./settings.ts";

effect(() => {
  const root = document.documentElement;
  root.classList.toggle("mix", isMixed.value);
  root.style.setProperty("--reading", SIZES[size.value] ?? SIZES[1]);
});
startClock();
startFavicon();
startRouter();
startKeys((page) => go(`/${page}`));
bindKeys({
  i: () => go("/"),
  "0": () => go("/"),
  "?": () => {
    isRevealed.value = !isRevealed.value;
  },
  s: () => {
    size.value = (size.value + 1) % SIZES.length;
  },
  m: () => {
    isMixed.value = !isMixed.value;
  },
});
render(<App />, document.body);
void startService();
