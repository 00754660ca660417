// Examples that really run: the tutorial on an empty P100, and the start of every new ticker. They use only
// what every script has, and reach nothing outside unless they say so.

export type Example = {
  name: string;
  title: string;
  says: string;
  schedule: string;
  source: string;
};

export const EXAMPLES: Example[] = [
  {
    name: "clock",
    title: "A clock",
    says: "prints the time, every second",
    schedule: "1s",
    source: `// The smallest ticker there is.
print(new Date().toISOString());
`,
  },
  {
    name: "wave",
    title: "A number with a chart",
    says: "a metric draws itself, every 2 seconds",
    schedule: "2s",
    source: `// metric(name, value) draws the chart beside the output.
const swing = Math.sin(Date.now() / 20_000) * 40;
const value = Math.round((100 + swing + Math.random() * 8) * 10) / 10;

metric("level", value);
print(swing > 0 ? "\\x1b[32m▲\\x1b[0m" : "\\x1b[31m▼\\x1b[0m", value);
`,
  },
  {
    name: "counter",
    title: "Something remembered",
    says: "state is kept between runs, every 5 seconds",
    schedule: "5s",
    source: `// What state.set keeps, the next run gets back.
const before = (await state.get("count")) ?? 0;
await state.set("count", before + 1);
print("I have run", before + 1, "times");
`,
  },
  {
    name: "steps",
    title: "A job with progress",
    says: "works through fifty parts, every minute",
    schedule: "1m",
    source: `// progress(fraction, message) moves the bar.
const parts = 50;
for (let part = 1; part <= parts; part++) {
  await sleep(100);
  progress(part / parts, \`part \${part} of \${parts}\`);
  if (part % 10 === 0) print("\\x1b[36m[steps]\\x1b[0m part", part, "\\x1b[32m✓\\x1b[0m");
}
`,
  },
  {
    name: "site-check",
    title: "Is it up?",
    says: "fetches a page and measures it, every minute",
    schedule: "1m",
    source: `// fetch reaches public addresses only.
const started = Date.now();
const answer = await fetch("https://example.com/");
const took = Date.now() - started;

metric("ms", took);
if (!answer.ok) throw new Error(\`it answered \${answer.status}\`);
print("\\x1b[32m✓ up\\x1b[0m in", took, "ms");
`,
  },
  {
    name: "new-year",
    title: "A countdown",
    says: "days to the new year, every morning at nine",
    schedule: "0 9 * * *",
    source: `// Cron schedules have a time zone; see the box beside the code.
const today = new Date();
const newYear = Date.UTC(today.getUTCFullYear() + 1, 0, 1);
const days = Math.ceil((newYear - today.getTime()) / 86_400_000);

metric("days", days);
print(days, "days to go");
`,
  },
];
