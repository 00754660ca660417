// For those who watch the service itself: is it up, and its numbers in Prometheus' text format.

import { z } from "@hono/zod-openapi";
import type { EngineNumbers } from "../engine.ts";
import { type Api, type ApiApp, actorOf, json, operation } from "./context.ts";

const tags = ["Service"];

export function addHealth(app: ApiApp, api: Api): void {
  const { platform, engine, options } = api;
  const health = operation(api, "open", {
    method: "get",
    path: "/healthz",
    tags,
    summary: "Is it up",
    description: "Asks the store too: 503 when that does not answer.",
    responses: {
      200: json(z.strictObject({ status: z.literal("ok"), version: z.string() }), "It is."),
    },
  });
  app.openapi(health, async (c) => {
    await platform.store.nextWakeAt();
    return c.json({ status: "ok" as const, version: options.version }, 200);
  });

  const metrics = operation(api, "read", {
    method: "get",
    path: "/metrics",
    tags,
    summary: "Numbers for Prometheus",
    description: "Text exposition format 0.0.4.",
    responses: {
      200: { description: "The numbers.", content: { "text/plain": { schema: z.string() } } },
    },
  });
  app.openapi(metrics, async (c) => {
    const counts = await platform.store.counts(actorOf(c).account);
    const body = exposition(engine.numbers(), counts);
    return c.body(body, 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    }) as never;
  });
}

type Sample = { labels?: Record<string, string>; value: number };

function exposition(numbers: EngineNumbers, counts: Record<string, number>): string {
  const one = (value: number): Sample[] => [{ value }];
  const by = (label: string, values: Record<string, number>): Sample[] =>
    Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
  const late = numbers.late;
  const blocks = [
    metric(
      "start_time_seconds",
      "gauge",
      "When the process started.",
      one(numbers.startedAt / 1000),
    ),
    metric("objects", "gauge", "Tickers and open runs of the account.", by("kind", counts)),
    metric("runs_started_total", "counter", "Runs started.", one(numbers.runsStarted)),
    metric("runs_finished_total", "counter", "Runs ended.", by("outcome", numbers.runsFinished)),
    metric("due_skipped_total", "counter", "Due times skipped.", one(numbers.skipped)),
    metric("due_missed_total", "counter", "Due times missed.", one(numbers.missed)),
    metric("running", "gauge", "Runs under way.", one(numbers.running)),
    metric("sandbox_room", "gauge", "Free places for scripts.", one(numbers.sandboxRoom)),
    metric("watchers", "gauge", "Sockets that follow a feed.", one(numbers.watchers)),
    metric("deliveries_total", "counter", "Messages sent to watchers.", one(numbers.deliveries)),
    metric("gaps_total", "counter", "Gaps watchers were told of.", one(numbers.gaps)),
  ];
  if (late) {
    const samples = by("quantile", {
      "0.5": late.p50,
      "0.95": late.p95,
      "0.99": late.p99,
      "1": late.max,
    });
    blocks.push(metric("late_ms", "gauge", "Lateness of the newest scheduled runs.", samples));
  }
  return `${blocks.join("\n")}\n`;
}

function metric(name: string, type: string, help: string, samples: Sample[]): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(
      ([key, text]) => `${key}="${text.replace(/["\\\n]/g, "_")}"`,
    );
    return `ticker_${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
  });
  return [`# HELP ticker_${name} ${help}`, `# TYPE ticker_${name} ${type}`, ...lines].join("\n");
}
