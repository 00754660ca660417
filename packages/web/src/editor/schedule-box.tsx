// The schedule: one box that takes what people write, says in words what it understood, and shows when that
// would be, in the ticker's zone and the viewer's.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import type { Preview } from "../view.ts";
import { countdownWord, countWord, dateWord, timeWord, whenWord } from "../words.ts";
import type { Form } from "./form.ts";

type Kind = "every" | "cron" | "at" | "hand";
const KINDS: [kind: Kind, label: string, start: string][] = [
  ["every", "Every", "10s"],
  ["cron", "Cron", "*/5 * * * *"],
  ["at", "Once", "tomorrow 9:00"],
  ["hand", "By hand", "hand"],
];
const PRESETS: Record<Kind, string[]> = {
  every: ["1s", "10s", "1m", "5m", "1h", "1d"],
  cron: ["*/5 * * * *", "0 * * * *", "0 9 * * *", "0 9 * * 1-5"],
  at: ["tomorrow 9:00"],
  hand: [],
};
const PAUSE_MS = 250;

/** What the text means; throws the server's refusal. */
export function previewOf(form: Form): Promise<Preview> {
  return call<Preview>("/schedule/preview", {
    method: "POST",
    body: { text: form.when, zone: form.zone, count: 5 },
  });
}

export function ScheduleBox(props: { form: Form; change: (change: Partial<Form>) => void }) {
  const { form, change } = props;
  const preview = useSignal<Preview | null>(null);
  const trouble = useSignal<string | null>(null);
  usePreview(form, preview, trouble);
  const kind = kindOf(preview.value);
  return (
    <section>
      <h2>Schedule</h2>
      <fieldset class="seg" aria-label="Kind of schedule">
        {KINDS.map(([name, label, start]) => (
          <button
            key={name}
            type="button"
            aria-pressed={kind === name}
            onClick={() => kind !== name && change({ when: start })}
          >
            {label}
          </button>
        ))}
      </fieldset>
      <div class="fld">
        <label for="when">When</label>
        <span class="inp">
          <input
            id="when"
            size={16}
            spellcheck={false}
            autocomplete="off"
            value={form.when}
            aria-invalid={trouble.value !== null}
            onInput={(event) => change({ when: event.currentTarget.value })}
          />
        </span>
      </div>
      <div class="pick">
        {PRESETS[kind].map((text) => (
          <button
            key={text}
            type="button"
            aria-pressed={form.when === text}
            onClick={() => change({ when: text })}
          >
            {text}
          </button>
        ))}
      </div>
      {kind === "every" && <FromField form={form} change={change} />}
      {kind === "cron" && <CronFields form={form} change={change} />}
      {(kind === "cron" || kind === "at") && <ZoneField form={form} change={change} />}
      {trouble.value ? (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      ) : (
        preview.value && <Understood preview={preview.value} />
      )}
    </section>
  );
}

function usePreview(form: Form, preview: Signal<Preview | null>, trouble: Signal<string | null>) {
  // All but the last have passed: ask for the next ones.
  const isOver = (preview.value?.next.at(-2)?.at ?? Number.POSITIVE_INFINITY) <= now.value;
  const round = useSignal(0);
  useEffect(() => {
    if (isOver) round.value++;
  }, [isOver]);
  useEffect(() => {
    let isOld = false;
    const timer = setTimeout(
      async () => {
        try {
          const found = await previewOf(form);
          if (isOld) return;
          preview.value = found;
          trouble.value = null;
        } catch (error) {
          if (!isOld) trouble.value = reasonOf(error);
        }
      },
      preview.value ? PAUSE_MS : 0,
    );
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [form.when, form.zone, round.value]);
}

function kindOf(preview: Preview | null): Kind {
  const schedule = preview?.schedule;
  if (!schedule || "every" in schedule) return "every";
  if ("cron" in schedule) return "cron";
  return "at" in schedule ? "at" : "hand";
}

type FieldProps = { form: Form; change: (change: Partial<Form>) => void };

function FromField({ form, change }: FieldProps) {
  return (
    <div class="fld">
      <span class="lb">Counted</span>
      <Choice
        label="Counted from"
        value={form.from}
        options={[
          ["start", "on a grid"],
          ["finish", "after each run"],
        ]}
        onChoose={(from) => change({ from })}
      />
    </div>
  );
}

function CronFields({ form, change }: FieldProps) {
  return (
    <>
      <div class="fld">
        <span class="lb">Hour left out</span>
        <Choice
          label="In the hour that daylight saving leaves out"
          value={form.gap}
          options={[
            ["skip", "skip"],
            ["shift", "run after it"],
          ]}
          onChoose={(gap) => change({ gap })}
        />
      </div>
      <div class="fld">
        <span class="lb">Hour twice</span>
        <Choice
          label="In the hour that comes twice"
          value={form.repeat}
          options={[
            ["first", "first"],
            ["last", "last"],
            ["both", "both"],
          ]}
          onChoose={(repeat) => change({ repeat })}
        />
      </div>
    </>
  );
}

function ZoneField({ form, change }: FieldProps) {
  return (
    <div class="fld">
      <label for="zone">Time zone</label>
      <span class="inp">
        <input
          id="zone"
          size={18}
          list="zones"
          value={form.zone}
          onInput={(event) => change({ zone: event.currentTarget.value })}
        />
      </span>
      <datalist id="zones">
        {Intl.supportedValuesOf("timeZone").map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </div>
  );
}

/** A few exclusive buttons. */
export function Choice<Value extends string>(props: {
  label: string;
  value: Value;
  options: [Value, string][];
  onChoose: (value: Value) => void;
}) {
  return (
    <fieldset class="seg sm" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={props.value === value}
          onClick={() => props.onChoose(value)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}

function Understood({ preview }: { preview: Preview }) {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isElsewhere = preview.zone !== mine;
  const coming = preview.next.filter(({ at }) => at > now.value);
  return (
    <>
      <p class="hum">{preview.words}</p>
      {coming.length > 0 && (
        <>
          <h3>
            Next runs <span class="t-c">{preview.zone}</span>
          </h3>
          <ol class="next">
            {coming.map(({ at, note }) => (
              <li key={at}>
                <span>
                  {dateWord(at, preview.zone)} {timeWord(at, false, preview.zone)}
                  {note && <span class="t-m"> {note}</span>}
                </span>
                <span class="local">
                  {isElsewhere
                    ? `${whenWord(at, now.value)} yours`
                    : `in ${countdownWord(at - now.value)}`}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
      {preview.perDay !== null && (
        <p class="t-c">
          {preview.perDay >= 1
            ? `${countWord(preview.perDay)} runs a day`
            : `a run every ${countWord(1 / preview.perDay)} days`}
        </p>
      )}
    </>
  );
}
