// What the editor edits: a ticker as fields of text, and back again. Pure.

import type { CronSchedule, Schedule } from "@ticker/core/schedule";
import { type Language, LIMITS_DEFAULT, POLICY_DEFAULT } from "@ticker/core/ticker";
import type { Example } from "../examples.ts";
import type { TickerView } from "../view.ts";

export type Form = {
  name: string;
  language: Language;
  source: string;
  /** The schedule as people write it: `10s`, a cron line, `tomorrow 9:00`, `hand`. */
  when: string;
  zone: string;
  from: "start" | "finish";
  gap: CronSchedule["gap"];
  repeat: CronSchedule["overlap"];
  overlap: "skip" | "queue";
  queueMax: string;
  timeoutMs: string;
  retries: string;
  stopAfter: string;
};

const UNITS: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
];

/** The schedule as its owner could have written it. */
export function whenText(schedule: Schedule): string {
  if ("every" in schedule) {
    const { every } = schedule;
    const [size, unit] = UNITS.find(([ms]) => every % ms === 0) ?? [1, "ms"];
    return `${every / size}${unit}`;
  }
  if ("cron" in schedule) return schedule.cron;
  if ("at" in schedule) return new Date(schedule.at).toISOString();
  return "hand";
}

const BLANK: Omit<Form, "name" | "source" | "when" | "zone"> = {
  language: "typescript",
  from: "start",
  gap: "skip",
  repeat: "first",
  overlap: "skip",
  queueMax: "10",
  timeoutMs: String(LIMITS_DEFAULT.timeoutMs),
  retries: String(POLICY_DEFAULT.retry.attempts),
  stopAfter: String(POLICY_DEFAULT.stopAfterFailures),
};

/** A new ticker's fields, begun from an example; under a name that is not taken. */
export function formOfExample(example: Example, zone: string, taken: ReadonlySet<string>): Form {
  const { source, schedule } = example;
  return { ...BLANK, name: freeName(example.name, taken), source, when: schedule, zone };
}

/** The name itself, or with the lowest number that makes it free: `clock-2`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  return free;
}

/** A saved ticker's fields. */
export function formOf(view: TickerView, zone: string): Form {
  const { schedule, policy, limits, script, name } = view;
  const form: Form = {
    ...BLANK,
    name,
    language: script.language,
    source: script.source,
    when: whenText(schedule),
    zone,
    overlap: policy.overlap.mode,
    timeoutMs: String(limits.timeoutMs),
    retries: String(policy.retry.attempts),
    stopAfter: String(policy.stopAfterFailures),
  };
  if (policy.overlap.mode === "queue") form.queueMax = String(policy.overlap.queueMax);
  if ("every" in schedule) form.from = schedule.from;
  if ("cron" in schedule)
    Object.assign(form, { zone: schedule.zone, gap: schedule.gap, repeat: schedule.overlap });
  return form;
}

/** The schedule the server understood, with what the fields beside the text say. */
export function scheduleOf(form: Form, understood: Schedule): Schedule {
  if ("every" in understood) return { ...understood, from: form.from };
  if ("cron" in understood) return { ...understood, gap: form.gap, overlap: form.repeat };
  return understood;
}

/** A request's body; numbers that are none are left for the server to refuse by name. */
export function bodyOf(form: Form, schedule: Schedule): Record<string, unknown> {
  const queue = { mode: "queue", queueMax: numberOf(form.queueMax) };
  return {
    name: form.name.trim(),
    script: { language: form.language, source: form.source },
    schedule,
    policy: {
      overlap: form.overlap === "queue" ? queue : { mode: "skip" },
      retry: { ...POLICY_DEFAULT.retry, attempts: numberOf(form.retries) },
      stopAfterFailures: numberOf(form.stopAfter),
    },
    limits: { timeoutMs: numberOf(form.timeoutMs) },
  };
}

/** Of an edit, only what changed; a schedule sent again would start its grid anew. */
export function patchOf(form: Form, schedule: Schedule, base: TickerView) {
  const body = bodyOf(form, schedule);
  if (JSON.stringify(schedule) === JSON.stringify(base.schedule)) delete body.schedule;
  if (form.name === base.name) delete body.name;
  const retry = { ...base.policy.retry, attempts: numberOf(form.retries) };
  return { ...body, policy: { ...(body.policy as object), retry } };
}

const numberOf = (text: string): number | string => {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : value;
};

export const sameForm = (a: Form, b: Form): boolean =>
  Object.keys(a).every((key) => a[key as keyof Form] === b[key as keyof Form]);

/** The fields but the code, one a line: for comparing. */
export function describeForm(form: Form): string {
  const { source, ...fields } = form;
  const facts = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `${facts.join("\n")}\n\n${source}`;
}
