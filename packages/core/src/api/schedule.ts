// Schedules before they are saved: what a text or a shape means, in words, with the next due times.

import { z } from "@hono/zod-openapi";
import {
  explainSchedule,
  parseSchedule,
  parseScheduleText,
  perDay,
  previewSchedule,
} from "../schedule.ts";
import { knownZone } from "../zone.ts";
import { type Api, type ApiApp, json, operation } from "./context.ts";
import { Instant } from "./schema.ts";
import { ScheduleAsk, ScheduleSchema } from "./schema-ticker.ts";

const Ask = z
  .strictObject({
    schedule: ScheduleAsk.optional(),
    text: z.string().max(200, "is over 200 characters").optional().openapi({
      description:
        "Or as people write it: `10s`, `every 2h`, a cron line, `tomorrow 9:00`, `hand`.",
    }),
    zone: z
      .string()
      .max(64)
      .refine((zone) => knownZone(zone) !== null, 'must be an IANA time zone, like "Europe/Oslo"')
      .optional()
      .openapi({ description: "Of local times.", example: "Europe/Oslo" }),
    count: z.number().int().min(1).max(20).default(5),
  })
  .refine((ask) => (ask.schedule === undefined) !== (ask.text === undefined), {
    path: ["schedule"],
    message: "or text is needed, and only one of them",
  })
  .openapi("PreviewAsk", {
    example: { text: "*/5 * * * *", zone: "Europe/Oslo" },
    oneOf: [{ required: ["schedule"] }, { required: ["text"] }],
  });

const Preview = z
  .strictObject({
    schedule: ScheduleSchema,
    words: z.string(),
    zone: z.string(),
    next: z.array(
      z.strictObject({
        at: Instant,
        local: z.string().openapi({ description: "In the zone.", example: "Sat 21 Nov 20:45:31" }),
        note: z.string().nullable().openapi({ description: "What daylight saving does there." }),
      }),
    ),
    perDay: z.number().nullable(),
  })
  .openapi("Preview");

export function addSchedule(app: ApiApp, api: Api): void {
  const preview = operation(api, "read", {
    method: "post",
    path: "/v1/schedule/preview",
    tags: ["Schedules"],
    summary: "Preview a schedule",
    description: "Nothing is saved.",
    request: { body: { required: true, content: { "application/json": { schema: Ask } } } },
    responses: { 200: json(Preview, "What it means and when it would be due.") },
  });
  app.openapi(preview, (c) => {
    const { schedule: shape, text, count, ...ask } = c.req.valid("json");
    const zone = ask.zone ?? api.options.zone;
    const now = api.platform.clock.now();
    const schedule =
      text === undefined ? parseSchedule(shape, now, zone) : parseScheduleText(text, now, zone);
    return c.json(
      {
        schedule,
        words: explainSchedule(schedule),
        zone: "zone" in schedule ? schedule.zone : zone,
        next: previewSchedule(schedule, now, now, count, zone),
        perDay: perDay(schedule),
      },
      200,
    );
  });
}
