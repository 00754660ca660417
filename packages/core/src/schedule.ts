// When a ticker is due: the four kinds of schedule, and the one door to what is known about them. Pure:
// the same schedule and instant always give the same answer. due.ts says what daylight saving does.

/** `every` ms. `from: "start"` = a fixed grid `anchor + k * every`; `"finish"` = that long after a run ended. */
export type EverySchedule = { every: number; from: "start" | "finish" };
/** 5 fields, or 6 with seconds first; an IANA zone. `gap` and `overlap` say what daylight saving does. */
export type CronSchedule = {
  cron: string;
  zone: string;
  gap: "skip" | "shift";
  overlap: "first" | "last" | "both";
};
/** One instant, epoch ms. */
export type AtSchedule = { at: number };
/** Only by hand (or pushed from outside). */
export type HandSchedule = { hand: true };
export type Schedule = EverySchedule | CronSchedule | AtSchedule | HandSchedule;

export { type DueTimes, dueBetween, EVERY_MAX_MS, EVERY_MIN_MS, nextDue, perDay } from "./due.ts";
export { parseSchedule, parseScheduleText } from "./schedule-parse.ts";
export {
  describeSchedule,
  durationText,
  explainSchedule,
  type PreviewLine,
  previewSchedule,
} from "./schedule-text.ts";
