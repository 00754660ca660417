// A process of its own that watches: opens many sockets on one ticker's feed, counts what arrives and how old
// it is, and prints one line of JSON. `node viewers.ts URL TOKEN TICKER SOCKETS SECONDS`

import { WebSocket } from "ws";
import { figures } from "./service.ts";

const [url = "", token = "", ticker = "", sockets = "1", seconds = "1"] = process.argv.slice(2);
const latencies: number[] = [];
let counting = false;
let deliveries = 0;
let gaps = 0;

/** Cheap on purpose: parsing a million messages would measure this process, not the service. */
function arrived(text: string): void {
  if (!counting) return;
  const now = Date.now();
  if (text.includes('"type":"gap"')) gaps++;
  let at = text.indexOf('"kind":"output"');
  while (at >= 0) {
    deliveries++;
    const stamp = text.indexOf('"text":"@', at);
    if (deliveries % 16 === 0 && stamp >= 0) {
      latencies.push(now - Number(text.slice(stamp + 9, stamp + 22)));
    }
    at = text.indexOf('"kind":"output"', at + 10);
  }
}

function open(): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/feed`, ["ticker.v1"], {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => {
      socket.send(JSON.stringify({ type: "subscribe", id: "v", feed: ticker, last: 0 }));
    });
    socket.on("message", (data) => {
      const text = String(data);
      if (text.startsWith('{"type":"live"')) resolve();
      else arrived(text);
    });
  });
}

for (let opened = 0; opened < Number(sockets); opened += 50) {
  await Promise.all(Array.from({ length: Math.min(50, Number(sockets) - opened) }, open));
}
process.stdout.write("ready\n");
process.stdin.once("data", () => {
  counting = true;
  const cpu = process.cpuUsage();
  setTimeout(() => {
    const used = process.cpuUsage(cpu);
    const late = figures(latencies);
    const answer = {
      deliveriesPerSecond: Math.round(deliveries / Number(seconds)),
      p50Ms: late.p50,
      p99Ms: late.p99,
      maxMs: late.max,
      gaps,
      viewerCpuPercent: Math.round((used.user + used.system) / 10_000 / Number(seconds)),
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
  }, Number(seconds) * 1000);
});
