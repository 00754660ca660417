// One fetch of a script, done out here by the guard: the script's answer and what Try it shows of it.

import type { Clock } from "@ticker/core/platform";
import type { GuardedFetch, GuardedResponse } from "@ticker/core/sandbox/guarded-fetch";
import type { Job } from "./job.ts";
import type { FromRunner } from "./message.ts";
import type { Runner } from "./runner.ts";

const URL_SHOWN_MAX = 2_000;
const NOTE_MAX = 500;

export async function answerFetch(
  job: Job,
  runner: Runner,
  item: Extract<FromRunner, { kind: "fetch" }>,
  guard: GuardedFetch,
  clock: Clock,
): Promise<void> {
  job.touched = true;
  const { call, request } = item;
  const abort = new AbortController();
  job.fetches.set(call, abort);
  const began = clock.monotonic();
  let response: GuardedResponse | string;
  try {
    response = await guard(request, abort.signal);
  } catch (error) {
    response = (error instanceof Error ? error.message : String(error)).slice(0, NOTE_MAX);
  }
  job.fetches.delete(call);
  if (job.isOver || job.runner !== runner || abort.signal.aborted) return;
  job.tell([
    {
      kind: "fetch",
      at: clock.now(),
      method: request.method,
      url: request.url.slice(0, URL_SHOWN_MAX),
      note: typeof response === "string" ? response : String(response.status),
      durationMs: Math.round((clock.monotonic() - began) * 1000) / 1000,
    },
  ]);
  runner.answer({ kind: "answer", job: job.number, call, response });
}
