// The service's log: one line each to standard error, for people; control characters never get through.

import type { Clock, Log } from "@ticker/core/platform";

const clean = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed here
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, " ").replaceAll("\n", "\n    ");

export function stderrLog(clock: Clock): Log {
  const line = (level: string, message: string, facts?: object): void => {
    const more = facts === undefined ? "" : ` ${JSON.stringify(facts)}`;
    const at = new Date(clock.now()).toISOString();
    process.stderr.write(`${at} ${level} ${clean(message + more)}\n`);
  };
  return {
    info: (message, facts) => line("info ", message, facts),
    error: (message, facts) => line("ERROR", message, facts),
  };
}
