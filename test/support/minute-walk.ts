// The oracle for cron schedules: walks real time minute by minute, reads the zone's clock at each step,
// and applies the daylight saving rules by looking at what it saw. Slow, plain, and shares no code with
// what it checks. Instants and local times are whole minutes since 1970.

/** What a cron line of five fields asks for, as sets; null days and weekdays mean every one. */
export type Asked = {
  minutes: number[];
  hours: number[];
  days: number[] | null;
  weekdays: number[] | null;
  fixedTime: boolean;
  gap: "skip" | "shift";
  overlap: "first" | "last" | "both";
};

const MINUTE = 60_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** The zone's wall clock at an instant, as minutes since 1970 if it were UTC. */
export function wallMinute(zone: string, minute: number): number {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "short",
    });
    clocks.set(zone, clock);
  }
  return Date.parse(`${clock.format(minute * MINUTE).replace(" ", "T")}:00Z`) / MINUTE;
}

function matches(asked: Asked, wall: number): boolean {
  const date = new Date(wall * MINUTE);
  if (!asked.minutes.includes(date.getUTCMinutes())) return false;
  if (!asked.hours.includes(date.getUTCHours())) return false;
  const day = asked.days?.includes(date.getUTCDate());
  const weekday = asked.weekdays?.includes(date.getUTCDay());
  if (day === undefined) return weekday ?? true;
  return weekday === undefined ? day : day || weekday;
}

/**
 * The due instants (epoch ms) in `fromMinute..untilMinute`. Looks `margin` minutes further to both sides, so
 * that a time which comes twice is seen twice.
 */
export function walkDue(
  asked: Asked,
  zone: string,
  fromMinute: number,
  untilMinute: number,
  margin = 1560,
): number[] {
  const due = new Set<number>();
  const seen = new Map<number, number>();
  let before = wallMinute(zone, fromMinute - margin - 1);
  for (let minute = fromMinute - margin; minute <= untilMinute + margin; minute++) {
    const wall = wallMinute(zone, minute);
    if (asked.fixedTime && asked.gap === "shift") {
      for (let lost = before + 1; lost < wall; lost++) if (matches(asked, lost)) due.add(minute);
    }
    before = wall;
    if (!matches(asked, wall)) continue;
    const earlier = seen.get(wall);
    if (earlier !== undefined && asked.fixedTime && asked.overlap === "first") continue;
    if (earlier !== undefined && asked.fixedTime && asked.overlap === "last") due.delete(earlier);
    seen.set(wall, minute);
    due.add(minute);
  }
  return [...due]
    .filter((minute) => minute >= fromMinute && minute <= untilMinute)
    .sort((one, other) => one - other)
    .map((minute) => minute * MINUTE);
}
