// The entrance of a worker thread: no environment, no output of its own, nothing but its messages.

import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@ticker/core/error";
import { buildImage, engineUrl } from "@ticker/core/sandbox/image";
import { nodeClock } from "../clock.ts";
import { CompilerThread } from "./compiler-thread.ts";
import type { FromRunner, ToCompiler, ToRunner, WorkerData } from "./message.ts";
import { RunnerThread } from "./runner-thread.ts";

const port = parentPort;
assert(port, "worker.ts runs in a worker thread");
const data = workerData as WorkerData;
const world = {
  clock: nodeClock(),
  random: {
    bytes: (count: number) => randomFillSync(new Uint8Array(count)),
    fraction: () => Math.random(),
  },
  cpu: () => {
    const used = process.threadCpuUsage();
    return (used.user + used.system) / 1000;
  },
};

if (data.role === "image") {
  const engine = new Uint8Array(readFileSync(engineUrl()));
  port.postMessage(await buildImage(engine, data.memoryBytesMax, world));
} else if (data.role === "runner") {
  const send = (items: FromRunner[]): void => port.postMessage(items);
  const thread = new RunnerThread(data.image, data.words, world, send);
  port.on("message", (items: ToRunner[]) => thread.receive(items));
  port.postMessage("ready");
} else {
  const thread = new CompilerThread(data.image, world);
  port.on("message", (request: ToCompiler) => port.postMessage(thread.compile(request)));
  port.postMessage("ready");
}
