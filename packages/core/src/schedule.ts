// When a ticker is due. Pure: the same schedule and instant always give the same answer.

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

/** Shortest interval the server takes, ms. */
export const EVERY_MIN_MS = 50;
