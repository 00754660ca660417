// Runs many seeds and tells what came out: what a failing seed needs to fail, and the end of its history.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FEATURES, type Report, simulate } from "./simulation.ts";

const TRACE_LINES = 60;

/** One seed in a folder of its own: in memory where there is such a place, for it is written to a lot. */
export async function simulateSeed(
  seed: number,
  without: string[] = [],
  trace = false,
): Promise<Report> {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(base, "ticker-simulation-"));
  try {
    return await simulate({ seed, without, trace }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Leaves out whatever it can while the same rule breaks. */
export async function shrink(failed: Report, without: string[]): Promise<string[]> {
  const rule = failed.faults[0]?.rule;
  let left = without;
  for (const feature of FEATURES) {
    if (left.includes(feature)) continue;
    const again = await simulateSeed(failed.seed, [...left, feature]);
    if (again.faults[0]?.rule === rule) left = [...left, feature];
  }
  return left;
}

/** The failure in words: rule, how to repeat it, and how it came about. */
export async function explain(failed: Report, without: string[] = []): Promise<string[]> {
  const left = await shrink(failed, without);
  const small = await simulateSeed(failed.seed, left, true);
  const option = left.length === 0 ? "" : ` --without ${left.join(",")}`;
  const [first] = small.faults;
  return [
    `seed ${failed.seed}: ${first?.rule}: ${first?.message}`,
    `repeat: npm run simulate -- --seed ${failed.seed}${option} --trace`,
    ...small.trace.filter((line) => about(line, first?.tickerId ?? "")).slice(-TRACE_LINES),
  ];
}

/** Of other tickers nothing is told. */
const about = (line: string, tickerId: string): boolean =>
  tickerId === "" || line.includes(tickerId) || !line.includes("t_");

/** The command. Answers its exit code. */
export async function report(args: string[], say: (line: string) => void): Promise<number> {
  const valued = ["--seed", "--from", "--without"];
  const value = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const plain = args.filter(
    (arg, at) => !arg.startsWith("--") && !valued.includes(args[at - 1] ?? ""),
  );
  const without = value("--without")?.split(",") ?? [];
  const one = value("--seed");
  const from = Number(one ?? value("--from") ?? Math.floor(Math.random() * 2 ** 30));
  const seeds = one === undefined ? Number(plain[0] ?? 200) : 1;
  const trace = args.includes("--trace");
  const sums: Record<string, number> = {};
  const began = performance.now();
  say(`seeds ${from} to ${from + seeds - 1}`);
  for (let seed = from; seed < from + seeds; seed++) {
    const done = await simulateSeed(seed, without, trace);
    if (trace) for (const line of done.trace) say(line);
    if (done.faults.length > 0) {
      const lines =
        trace || args.includes("--plain")
          ? done.faults.map(({ rule, message }) => `seed ${seed}: ${rule}: ${message}`)
          : await explain(done, without);
      for (const line of lines) say(line);
      say(`failed at seed ${seed}, the ${seed - from + 1}. of ${seeds}`);
      return 1;
    }
    for (const [name, count] of Object.entries(done.sums)) sums[name] = (sums[name] ?? 0) + count;
  }
  say(`all held in ${seeds} seeds, ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  say(
    Object.entries(sums)
      .map(([name, count]) => `${name} ${count}`)
      .join(", "),
  );
  return 0;
}
