// Charts made of Teletext mosaics: text, sized to the room they have. Each comes with a sentence for those
// who cannot see it and a table for those who would rather read numbers.

import { bars, line, mosaic } from "@ticker/core/mosaic";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { asTables } from "./settings.ts";
import { valueWord } from "./words.ts";

export type Tone = "r" | "g" | "y" | "c" | "m" | "w";

/** How many characters of its own font fit into the element. */
export function useColumns(ref: RefObject<HTMLElement | null>, initial: number): number {
  const [columns, setColumns] = useState(initial);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      const character = Number.parseFloat(getComputedStyle(element).fontSize) * 0.6;
      setColumns(Math.max(4, Math.floor(element.clientWidth / character + 0.01)));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return columns;
}

/** Values stretched or thinned to `count`; steps, unless `isSmooth`. */
export function resample(values: readonly number[], count: number, isSmooth: boolean): number[] {
  if (values.length === 0) return [];
  return Array.from({ length: count }, (_, i) => {
    if (!isSmooth) return values[Math.floor((i * values.length) / count)] ?? 0;
    const place = count > 1 ? (i * (values.length - 1)) / (count - 1) : 0;
    const low = values[Math.floor(place)] ?? 0;
    const high = values[Math.ceil(place)] ?? low;
    return low + (high - low) * (place % 1);
  });
}

/** Another colour for a column of characters, all of it or only its lowest `rows`. */
export type Mark = { tone: Tone; rows?: number };
type Marks = ReadonlyMap<number, Mark>;

/** Rows of mosaics; `marks` gives single columns another colour. Silent without a label. */
export function Mosaic(props: { rows: string[]; tone: Tone; label?: string; marks?: Marks }) {
  const { rows, tone, label, marks } = props;
  const hearing = label
    ? ({ role: "img", "aria-label": label } as const)
    : ({ "aria-hidden": true } as const);
  return (
    <div class={`mo t-${tone}`} {...hearing}>
      {rows.map((row, y) => (
        <div key={y}>{marks?.size ? coloured(row, rows.length - y, marks) : row}</div>
      ))}
    </div>
  );
}

/** `height` of the row above the foot, 1 for the lowest. */
function coloured(row: string, height: number, marks: Marks) {
  const parts: { tone: Tone | undefined; text: string }[] = [];
  [...row].forEach((character, x) => {
    const mark = marks.get(x);
    const tone = mark && height <= (mark.rows ?? height) ? mark.tone : undefined;
    const last = parts.at(-1);
    if (last && last.tone === tone) last.text += character;
    else parts.push({ tone, text: character });
  });
  return parts.map(({ tone, text }, i) =>
    tone ? (
      <span key={i} class={`t-${tone}`}>
        {text}
      </span>
    ) : (
      text
    ),
  );
}

/** A filled line of values as wide as its place. */
export function Trend(props: {
  values: readonly number[];
  rows: number;
  tone: Tone;
  label: string;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const columns = useColumns(ref, 32);
  if (asTables.value) return <NumberTable values={props.values} label={props.label} />;
  const shown = resample(props.values, columns * 2, true);
  const rows = mosaic(line(shown, props.rows * 3, true));
  return (
    <div ref={ref} class="fit">
      <Mosaic rows={rows} tone={props.tone} label={props.label} />
    </div>
  );
}

/** Bars as wide as their place, at most two blocks and a gap each. */
export function Bars(props: {
  values: readonly number[];
  rows: number;
  tone: Tone;
  label: string;
  /** Colour of single values. */
  tones?: ReadonlyMap<number, Mark>;
  /** The value of a full bar; larger ones are cut. */
  max?: number;
  isSpaced?: boolean;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const columns = useColumns(ref, 60);
  if (asTables.value) return <NumberTable values={props.values} label={props.label} />;
  const { values, tones } = props;
  const width = props.isSpaced ? Math.min(columns, values.length) : columns;
  const kept = props.isSpaced ? values.slice(-width) : values;
  const first = values.length - kept.length;
  const shown = props.isSpaced
    ? kept.flatMap((value) => [value, 0])
    : resample(kept, width * 2, false);
  const marks = new Map<number, Mark>();
  for (let x = 0; x < width; x++) {
    const from = props.isSpaced ? first + x : Math.floor((x * values.length) / width);
    const until = props.isSpaced ? from : Math.floor(((x + 0.5) * values.length) / width);
    const tone = tones?.get(from) ?? tones?.get(until);
    if (tone) marks.set(x, tone);
  }
  return (
    <div ref={ref} class="fit">
      <Mosaic
        rows={mosaic(bars(shown, props.rows * 3, props.max))}
        tone={props.tone}
        label={props.label}
        marks={marks}
      />
    </div>
  );
}

function NumberTable({ values, label }: { values: readonly number[]; label: string }) {
  return (
    <table class="numbers">
      <caption>{label}</caption>
      <tbody>
        <tr>
          {values.slice(-12).map((value, i) => (
            <td key={i}>{valueWord(value)}</td>
          ))}
        </tr>
      </tbody>
    </table>
  );
}

/** A bar of separated mosaics. `isGuess`: hollow, for what nobody reported. */
export function Progress(props: {
  share: number | null;
  label?: string | undefined;
  tone?: string;
  isGuess?: boolean;
}) {
  const percent = Math.round((props.share ?? 0) * 100);
  const hearing = props.label
    ? {
        role: "progressbar" as const,
        "aria-label": props.label,
        "aria-valuenow": percent,
        "aria-valuemin": 0,
        "aria-valuemax": 100,
      }
    : { "aria-hidden": true as const };
  const looks = ["bar", props.tone ?? "", props.isGuess ? "guess" : ""].join(" ").trim();
  return <span class={looks} {...hearing} style={{ "--p": `${percent}%` }} />;
}
