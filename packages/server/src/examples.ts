// The tickers of an empty database: six that tick at once without the internet, so that the first look is
// alive. Each is meant to be read, and changed, by its new owner.

import type { Script } from "@ticker/core/ticker";

export type Example = { name: string; source: string; every: number; language: Script["language"] };

export const EXAMPLES: Example[] = [
  {
    name: "clock",
    every: 1000,
    language: "javascript",
    source: `// Prints the second it was due at, and how late it really ran.
const due = new Date(run.dueAt).toISOString();
print(green(due.slice(11, 19)), "UTC,", Date.now() - run.dueAt, "ms late");
`,
  },
  {
    name: "service",
    every: 2000,
    language: "javascript",
    source: `// The service's own numbers.
const { runs, running, lateP95Ms, memoryBytes, startedAt } = run.service;
metric("late_p95_ms", Math.round(lateP95Ms * 10) / 10);
print(cyan("up"), Math.round((run.dueAt - startedAt) / 1000), "s");
print(cyan("runs"), runs, cyan("now"), running);
print(cyan("memory"), Math.round(memoryBytes / 1048576), "MiB");
`,
  },
  {
    name: "random-walk",
    every: 500,
    language: "typescript",
    source: `// A number that remembers itself between runs; a number alone draws a chart.
const last: number = (await state.get("walk")) ?? 100;
const next = Math.max(0, last + (Math.random() - 0.5) * 6);
await state.set("walk", next);
print(next.toFixed(2));
`,
  },
  {
    name: "countdown",
    every: 1000,
    language: "javascript",
    source: `// Counts a minute down, then begins again.
const left = 59 - Math.floor(run.dueAt / 1000) % 60;
progress(1 - left / 60, left + " s to go");
print(left === 0 ? red("Lift-off!") : yellow(String(left).padStart(2, "0")));
`,
  },
  {
    name: "backup",
    every: 20_000,
    language: "javascript",
    source: `// A longer run: what it prints is shown while it prints it.
const parts = 12;
for (let part = 1; part <= parts; part++) {
  await sleep(400 + Math.random() * 300);
  progress(part / parts, "part " + part + " of " + parts);
  print("part", String(part).padStart(2), "copied", green("ok"));
}
print("nothing was really copied");
`,
  },
  {
    name: "moody",
    every: 5000,
    language: "javascript",
    source: `// Fails now and then, to show what that looks like.
if (Math.random() < 0.3) throw new Error("not in the mood today");
print("all is well");
`,
  },
];
