// `npm start`: reads options, starts the service, says where it is, and ends in order on SIGTERM or SIGINT.

import { resolve } from "node:path";
import { OperatorError, readOptions, USAGE } from "./options.ts";
import { type Server, startServer } from "./server.ts";
import { VERSION } from "./version.ts";

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

function refuse(error: unknown): never {
  if (error instanceof OperatorError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  throw error;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === "help") {
    say(USAGE);
    return;
  }
  if (options === "version") {
    say(VERSION);
    return;
  }
  const server = await startServer(options);
  // Before it says that it is there: whoever reads that may ask it to end at once.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(server));
  say(`Ticker ${VERSION}`);
  say(`  console   ${server.url}`);
  say(`  data      ${resolve(options.data)}`);
  if (server.interrupted > 0) {
    say(`  note      ${server.interrupted} runs were cut short when the last process ended`);
  }
  say(`  sign in   ${server.signInLink}   (once, within the hour)`);
}

let ending = false;
function end(server: Server): void {
  if (ending) return;
  ending = true;
  process.once("SIGINT", () => process.exit(130));
  server.stop().then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}

main().catch(refuse);
