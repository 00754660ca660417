// P199: every page and every key. P190 is its part about settings.

import { pathOf } from "../address.ts";
import { account, signOut } from "../service.ts";
import { Title, usePage } from "../shell.tsx";
import { keyOf, tiles } from "../tiles.ts";

const PAGES: [number, string][] = [
  [100, "Index: every ticker, live"],
  [101, "New ticker"],
  [110, "Running now"],
  [120, "Failures"],
  [180, "Killall and release"],
  [185, "Bin"],
  [190, "Settings"],
  [191, "Appearance and keys"],
  [192, "Tokens"],
  [194, "Secrets"],
  [199, "A-Z of pages and keys"],
  [606, "Now & next"],
  [850, "Test card"],
];
const SETTINGS = new Set([191, 192, 194, 185, 850]);
const KEYS: [string, string][] = [
  ["1-8 and two digits", "go to that page; Esc cancels"],
  ["r g y c (or b)", "the coloured keys at the foot of the page"],
  ["i or 0", "index"],
  ["← → or [ ]", "run before, run after"],
  ["↑ ↓ or j k, Enter", "choose a ticker, open it"],
  ["h, f", "hold the output, follow it"],
  ["/ n N", "find, next, previous"],
  ["t, w", "timestamps, wrapping"],
  ["s, m", "size of the output, mix"],
  ["e", "edit"],
  ["Shift+R, Shift+X", "run now, stop the run"],
  ["?", "reveal keys beside their buttons"],
  ["Ctrl+Enter, Ctrl+S", "in the editor: try it, save"],
];

export function PagesPage({ isSettings }: { isSettings: boolean }) {
  const name = isSettings ? "Settings" : "A-Z of pages and keys";
  usePage(`P${isSettings ? 190 : 199} ${name} - Ticker`, [
    { colour: "r", label: "New ticker", href: "/101" },
    { colour: "g", label: "Now & next", href: "/606" },
    { colour: "y", label: "API docs", act: () => location.assign("/docs") },
    { colour: "c", label: "Index", href: "/" },
  ]);
  const shown = isSettings ? PAGES.filter(([page]) => SETTINGS.has(page)) : PAGES;
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name={name} />
      <ul class="az">
        {shown.map(([page, says]) => (
          <li key={page}>
            <a href={page === 100 ? "/" : `/${page}`}>
              <span class="t-y">{page}</span> {says}
            </a>
          </li>
        ))}
        {!isSettings &&
          tiles.value.map(({ value: tile }) => (
            <li key={tile.tickerId}>
              <a href={pathOf({ page: "ticker", key: keyOf(tile) })}>
                <span class="t-y">{tile.page ?? "---"}</span> {tile.name}
              </a>
            </li>
          ))}
      </ul>
      {isSettings && account.value && (
        <p>
          Signed in as <span class="t-y">{account.value.name}</span>{" "}
          <button type="button" class="stop" onClick={() => void signOut()}>
            Sign out
          </button>
        </p>
      )}
      {!isSettings && (
        <>
          <h2 class="bar-c">KEYS</h2>
          <dl class="keys">
            {KEYS.map(([key, says]) => (
              <>
                <dt>{key}</dt>
                <dd>{says}</dd>
              </>
            ))}
          </dl>
          <p class="t-c">Single letters and digits can be switched off on page 191.</p>
        </>
      )}
    </main>
  );
}
