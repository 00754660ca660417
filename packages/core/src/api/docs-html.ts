// Small pieces of HTML for the documentation. Everything that is not markup of ours passes
// `escapeXml`.

import { escapeXml } from "../page/render.ts";

/** Text with `code` in backquotes. */
export const prose = (text: string): string =>
  escapeXml(text).replace(/`([^`]+)`/g, "<code>$1</code>");

/** A block of code, reachable by keyboard since it may scroll. */
export const code = (text: string, label: string): string =>
  `<pre tabindex="0" role="region" aria-label="${escapeXml(label)}"><code>${escapeXml(text)}</code></pre>`;

export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);

/** A table whose cells are HTML already. */
export function table(head: string[], rows: string[][]): string {
  const cells = (row: string[], tag: string) =>
    row.map((cell) => `<${tag}${tag === "th" ? ' scope="col"' : ""}>${cell}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
  return `<table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table>`;
}
