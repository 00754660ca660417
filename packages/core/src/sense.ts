// Understands plain output, so that a one-line script draws a chart or a progress bar without any API: a
// bare number, `name=number`, `40%` on a line of its own, a JSON line, or `::metric` / `::progress`. The
// line itself is always kept as printed; this only says what else it means.

export type Sensed =
  | { kind: "metric"; name: string; value: number }
  | { kind: "progress"; fraction: number; message: string | null };

/** Name given to a bare number. */
export const BARE_METRIC = "value";

const NAME = /^[A-Za-z_][\w.-]{0,63}$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const LINE_MAX = 512;
const METRICS_PER_LINE = 8;

const numberOf = (text: string): number | null => {
  if (text.length > 40 || !NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
};

const pair = (word: string): Sensed | null => {
  const at = word.indexOf("=");
  if (at < 1) return null;
  const name = word.slice(0, at);
  const value = numberOf(word.slice(at + 1));
  return value === null || !NAME.test(name) ? null : { kind: "metric", name, value };
};

const percent = (text: string): number | null => {
  if (!text.endsWith("%")) return null;
  const value = numberOf(text.slice(0, -1));
  return value === null || value < 0 || value > 100 ? null : value / 100;
};

const senseJson = (line: string): Sensed[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) return [];
  const found: Sensed[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (found.length === METRICS_PER_LINE) break;
    if (typeof value !== "number" || !Number.isFinite(value) || !NAME.test(name)) continue;
    if (name === "progress" && value >= 0 && value <= 1) {
      const message = (parsed as { message?: unknown }).message;
      found.push({
        kind: "progress",
        fraction: value,
        message: typeof message === "string" ? message.slice(0, 200) : null,
      });
    } else found.push({ kind: "metric", name, value });
  }
  return found;
};

const senseMark = (line: string): Sensed[] => {
  const [mark, ...words] = line.split(/ +/, 40);
  if (mark === "::metric") {
    return words
      .slice(0, METRICS_PER_LINE)
      .map(pair)
      .filter((s) => s !== null);
  }
  if (mark !== "::progress" || words[0] === undefined) return [];
  const fraction = percent(words[0]) ?? numberOf(words[0]);
  if (fraction === null || fraction < 0 || fraction > 1) return [];
  return [{ kind: "progress", fraction, message: words.slice(1).join(" ").slice(0, 200) || null }];
};

/** What one printed line means beside its text; empty for ordinary text. Linear in the line's length. */
export function sense(line: string): Sensed[] {
  if (line.length === 0 || line.length > LINE_MAX) return [];
  const text = line.trim();
  const first = text.charCodeAt(0);
  if (first === 0x7b) return senseJson(text);
  if (text.startsWith("::")) return senseMark(text);
  const bare = numberOf(text);
  if (bare !== null) return [{ kind: "metric", name: BARE_METRIC, value: bare }];
  const fraction = percent(text);
  if (fraction !== null) return [{ kind: "progress", fraction, message: null }];
  const words = text.split(/ +/, METRICS_PER_LINE + 1);
  if (words.length > METRICS_PER_LINE) return [];
  const pairs = words.map(pair);
  return pairs.every((p) => p !== null) ? pairs : [];
}
