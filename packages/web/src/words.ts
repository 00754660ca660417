// How the console says times, durations and numbers. Pure: every function is told what "now" is, and the
// viewer's zone unless another is named.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (value: number) => String(value).padStart(2, "0");

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(at: number, zone: string | undefined): Record<string, string> {
  const key = zone ?? "";
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      ...(zone ? { timeZone: zone } : {}),
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(key, format);
  }
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

/** `20:45/31`, as the header of a Teletext page writes it. */
export function clockWord(at: number, zone?: string): string {
  const { hour, minute, second } = partsOf(at, zone);
  return `${hour}:${minute}/${second}`;
}

/** `20:45:31`, with `.204` if asked. */
export function timeWord(at: number, isExact = false, zone?: string): string {
  const { hour, minute, second } = partsOf(at, zone);
  const ms = ((Math.floor(at) % 1000) + 1000) % 1000;
  return `${hour}:${minute}:${second}${isExact ? `.${String(ms).padStart(3, "0")}` : ""}`;
}

/** `Sat 21 Nov`. */
export function dateWord(at: number, zone?: string): string {
  const { weekday, day, month } = partsOf(at, zone);
  return `${weekday} ${day} ${shortMonth(month)}`;
}

/** `today 20:45`, `20 Nov 03:00`, or with the year when it is another. */
export function whenWord(at: number, now: number, zone?: string): string {
  const then = partsOf(at, zone);
  const today = partsOf(now, zone);
  const time = `${then.hour}:${then.minute}`;
  const day = `${then.day} ${shortMonth(then.month)}`;
  if (then.year !== today.year) return `${day} ${then.year} ${time}`;
  if (then.day === today.day && then.month === today.month) return `today ${time}`;
  return `${day} ${time}`;
}

/** As `whenWord`, to the second. */
export function momentWord(at: number, now: number, zone?: string): string {
  return `${whenWord(at, now, zone)}${timeWord(at, false, zone).slice(5)}`;
}

/** Some places write September with four letters; a teletext column has room for three. */
const shortMonth = (month = "") => month.slice(0, 3);

/** `0.41s`, `31s`, `4m 12s`, `2h 05m`, `3d 04h`. */
export function spanWord(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 100) return `${Math.round(value)}ms`;
  if (value < 10 * SECOND) return `${(value / SECOND).toFixed(2)}s`;
  if (value < MINUTE) return `${Math.floor(value / SECOND)}s`;
  if (value < HOUR)
    return `${Math.floor(value / MINUTE)}m ${two(Math.floor(value / SECOND) % 60)}s`;
  if (value < DAY) return `${Math.floor(value / HOUR)}h ${two(Math.floor(value / MINUTE) % 60)}m`;
  return `${Math.floor(value / DAY)}d ${two(Math.floor(value / HOUR) % 24)}h`;
}

/** `00:07`, `06:14:29`, `40d 03:14:29`. Rounded up, so 0 means due. */
export function countdownWord(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND));
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (seconds < 3600) return clock;
  const hours = two(Math.floor(seconds / 3600) % 24);
  if (seconds < 86_400) return `${hours}:${clock}`;
  return `${Math.floor(seconds / 86_400)}d ${hours}:${clock}`;
}

/** Time to a due instant: counts down, then says `due`, and after two seconds `late 3s`. */
export function dueWord(dueAt: number, now: number): { text: string; isLate: boolean } {
  const left = dueAt - now;
  if (left > 0) return { text: countdownWord(left), isLate: false };
  if (left > -2 * SECOND) return { text: "due", isLate: false };
  const late = Math.floor(-left / SECOND);
  return { text: `late ${late < 60 ? `${late}s` : spanWord(late * SECOND)}`, isLate: true };
}

/** `1,204`. */
export function countWord(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** `1 run`, `3 runs`. */
export function plural(count: number, word: string): string {
  return `${countWord(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** A measured number in at most nine characters: `64,182`, `141.2`, `0.00031`, `1.25e+12`. */
export function valueWord(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  if (size >= 10_000) return countWord(value);
  const digits = size >= 1000 ? 1 : size >= 1 ? 2 : 5;
  return String(Number(value.toFixed(digits)));
}

/** `12.3 KB`. */
export function sizeWord(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Number((bytes / 1024).toFixed(1))} KB`;
  return `${Number((bytes / 1024 / 1024).toFixed(1))} MB`;
}

/** A run's number as a subpage: `0042`. */
export function runWord(number: number): string {
  return String(number).padStart(4, "0");
}

/** Lateness: whole milliseconds below a second. */
export function lateWord(ms: number): string {
  return ms < SECOND ? `${Math.round(ms)}ms` : spanWord(ms);
}

/** The newest change of a number: `▲ 0.31%`, or null when there is nothing to compare. */
export function changeWord(trend: readonly number[]): { text: string; isDown: boolean } | null {
  const [first, last] = [trend[0], trend.at(-1)];
  if (first === undefined || last === undefined || trend.length < 2) return null;
  if (first === last) return { text: "= steady", isDown: false };
  const change = last - first;
  const text =
    Math.abs(first) > 1e-9 && Math.abs(change / first) < 10
      ? `${Number(Math.abs((change / first) * 100).toFixed(2))}%`
      : valueWord(Math.abs(change));
  return { text: `${change < 0 ? "▼" : "▲"} ${text}`, isDown: change < 0 };
}
