// The image comes from a thread of its own, which then ends: compiling the engine takes 20 MiB that would
// stay with the process, and a quarter of a second that the main thread has better use for at the start.

import { Worker } from "node:worker_threads";
import type { Image } from "@ticker/core/sandbox/image";
import type { WorkerData } from "./message.ts";
import { WORKER_OPTIONS, WORKER_URL } from "./worker-options.ts";

/** Rejects when the engine cannot be used. */
export async function imageFromThread(memoryBytesMax: number): Promise<Image> {
  const workerData: WorkerData = { role: "image", memoryBytesMax };
  const worker = new Worker(WORKER_URL, { ...WORKER_OPTIONS, workerData });
  try {
    return await new Promise<Image>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the script engine's thread ended: ${code}`)));
    });
  } finally {
    void worker.terminate();
  }
}
