// P191: how this browser shows the console.

import type { Signal } from "@preact/signals";
import { Choice } from "../editor/schedule-box.tsx";
import {
  asTables,
  hasKeys,
  isMixed,
  isPlain,
  isWrapped,
  SIZES,
  size,
  speaksLines,
} from "../settings.ts";
import { Title, usePage } from "../shell.tsx";

const SWITCHES: [setting: Signal<boolean>, label: string, says: string][] = [
  [hasKeys, "Single-letter keys", "r g y c, j k, f h and the digits work outside of inputs"],
  [isPlain, "Plain font for output", "IBM Plex Mono instead of Teletext letters"],
  [isMixed, "Mix", "plain font and softer colours everywhere"],
  [isWrapped, "Wrap long lines", "or scroll sideways"],
  [speaksLines, "Speak lines", "screen readers say every new line, not only a summary"],
  [asTables, "Charts as tables", "numbers instead of mosaics"],
];

export function AppearancePage() {
  usePage("P191 Appearance and keys - Ticker", [
    { colour: "r", label: "Settings", href: "/190" },
    { colour: "g", label: "Tokens", href: "/192" },
    { colour: "y", label: "Test card", href: "/850" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title
        crumbs={[
          ["100 Index", "/"],
          ["190 Settings", "/190"],
        ]}
        name="Appearance and keys"
      />
      {SWITCHES.map(([setting, label, says]) => (
        <label key={label} class="check">
          <input
            type="checkbox"
            checked={setting.value}
            onChange={(event) => {
              setting.value = event.currentTarget.checked;
            }}
          />
          <span>
            {label} <span class="t-c">{says}</span>
          </span>
        </label>
      ))}
      <div class="fld">
        <span class="lb">Output size</span>
        <Choice
          label="Output size"
          value={String(size.value)}
          options={SIZES.map((pixels, i): [string, string] => [String(i), pixels])}
          onChoose={(value) => {
            size.value = Number(value);
          }}
        />
      </div>
      <p class="t-c">All of this is kept in this browser only.</p>
    </main>
  );
}
