// 404: the page is not there; what is, instead.

import { usePage } from "../shell.tsx";

export function MissingPage({ path, because }: { path: string; because?: string }) {
  usePage("P404 Page not found - Ticker", [
    { colour: "r", label: "New ticker", href: "/101" },
    { colour: "g", label: "Running", href: "/110" },
    { colour: "y", label: "A-Z 199", href: "/199" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <section class="title">
        <h1>
          <span class="dh">404 Page not found</span>
        </h1>
      </section>
      <p>
        <span class="t-c">{path}</span> is not a page, or not yours to see.
      </p>
      {because && <p class="t-y">{because}</p>}
      <ul class="plainlist">
        <li>
          <a href="/">
            <span class="t-y">100</span> Index of your tickers
          </a>
        </li>
        <li>
          <a href="/185">
            <span class="t-y">185</span> Bin: what was deleted in the last 30 days
          </a>
        </li>
        <li>
          <a href="/199">
            <span class="t-y">199</span> A-Z of pages and keys
          </a>
        </li>
      </ul>
    </main>
  );
}
