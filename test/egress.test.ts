// The guarded fetch against a real server on loopback that counts who got through. Every trick is also
// tried without the guard: a trick that cannot reach the server by itself would prove nothing.

import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GuardedRequest } from "../packages/core/src/sandbox/guarded-fetch.ts";
import { type GuardOptions, guardedFetch } from "../packages/server/src/egress.ts";
import { addressFault, allowedHost, ownAddresses } from "../packages/server/src/egress-address.ts";

/** Public by every rule and routed nowhere: 3000::/4 has never been given to anybody. */
const NOWHERE = "3000::1";

let hits: IncomingMessage[] = [];
let asked: { name: string; count: number }[] = [];
let port = 0;
let otherPort = 0;
let hasV6 = true;
const servers: Server[] = [];

/** `/to?url` redirects there, `/hop?n` n times to itself; the others misbehave as they are called. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
  if (path === "/to") {
    const [status = "302", location = ""] = decodeURIComponent(query).split(/ (.*)/s);
    response.writeHead(Number(status), { location }).end("elsewhere");
    return;
  }
  if (path === "/hop") {
    const left = Number(query);
    if (left > 0) return void response.writeHead(302, { location: `/hop?${left - 1}` }).end();
  }
  hits.push(request);
  if (path === "/silent") return;
  if (path === "/trickle") return void response.writeHead(200).write("a");
  if (path === "/big") return void response.end("x".repeat(Number(query)));
  if (path === "/flood") {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      response.once("drain", more);
    };
    more();
    return;
  }
  if (path === "/headers")
    return void response.setHeader("x-much", "h".repeat(Number(query))).end();
  if (path === "/bomb") {
    return void response.setHeader("content-encoding", "gzip").end(gzipSync("0".repeat(5_000_000)));
  }
  const body: Buffer[] = [];
  request.on("data", (chunk: Buffer) => body.push(chunk));
  request.on("end", () => {
    const { method, headers } = request;
    response.setHeader("set-cookie", ["a=1", "b=2"]).setHeader("x-seen", "yes");
    response.end(JSON.stringify({ method, headers, body: Buffer.concat(body).toString() }));
  });
}

function listen(host: string, at: number): Promise<number> {
  const server = createServer(answer);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.on("error", reject);
  server.listen(at, host, () => resolve((server.address() as AddressInfo).port));
  servers.push(server);
  return promise;
}

beforeAll(async () => {
  port = await listen("127.0.0.1", 0);
  otherPort = await listen("127.0.0.1", 0);
  await listen("::1", port).catch(() => {
    hasV6 = false;
  });
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  hits = [];
  asked = [];
});

const NAMES: Record<string, string[][]> = {
  "start.test": [["127.0.0.1"]],
  "loop.test": [["127.0.0.1"]],
  "six.test": [["::1"]],
  "mapped.test": [["::ffff:127.0.0.1"]],
  "private.test": [["10.0.0.1"]],
  "mixed.test": [[NOWHERE, "127.0.0.1"]],
  "nowhere.test": [[NOWHERE]],
  // What it answers first and what it answers afterwards.
  "rebind.test": [[NOWHERE], ["127.0.0.1"]],
  "zone.test": [["::1%1"]],
  "rubbish.test": [["0177.0.0.1"]],
  "none.test": [[]],
};

/** A resolver whose answers are the test's: everything that sounds local is loopback. */
async function lookup(name: string): Promise<string[]> {
  const known = asked.find((each) => each.name === name) ?? { name, count: 0 };
  if (known.count++ === 0) asked.push(known);
  if (/localhost|internal|\.local$|^single$|arpa$|\.$/.test(name)) return ["127.0.0.1"];
  const answers = NAMES[name];
  if (!answers) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  return answers[Math.min(known.count, answers.length) - 1] ?? [];
}

const never = new AbortController().signal;

function ask(url: string, options: GuardOptions = {}, more: Partial<GuardedRequest> = {}) {
  const guard = guardedFetch({ lookup, ports: [port], allow: [`start.test:${port}`], ...options });
  return guard({ url, method: "GET", headers: {}, body: null, ...more }, never);
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it was not refused",
    (error: Error) => error.message,
  );

/** What a careless service does: looks the name up once to check it, then fetches, following redirects. */
async function fetchUnguarded(text: string, redirects = 0): Promise<void> {
  const url = URL.parse(text);
  if (!url || redirects > 6) return;
  await lookup(url.hostname).catch(() => []);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  try {
    const request = get(
      url,
      {
        agent: false,
        timeout: 3000,
        lookup: (name, _options, done) => {
          lookup(name).then(
            (all) =>
              done(
                null,
                all.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
              ),
            (error) => done(error, []),
          );
        },
      },
      (response) => {
        response.resume();
        response.on("close", () => resolve(response.headers.location));
      },
    );
    request.on("error", () => resolve(undefined));
    request.on("timeout", () => request.destroy());
  } catch {
    resolve(undefined);
  }
  const location = await promise;
  if (location) await fetchUnguarded(URL.parse(location, url.href)?.href ?? "", redirects + 1);
}

const to = (location: string, status = 302) =>
  `http://start.test:PORT/to?${encodeURIComponent(`${status} ${location}`)}`;

type Reach = "reaches" | "reaches by IPv6" | "cannot reach here";

/** PORT is the counting server's port. `why` is part of the refusal. */
const TRICKS: [trick: string, url: string, reach: Reach, why: string][] = [
  ["dotted", "http://127.0.0.1:PORT/", "reaches", "127.0.0.1 is a loopback address"],
  ["another loopback", "http://127.8.9.10:PORT/", "cannot reach here", "a loopback"],
  ["decimal", "http://2130706433:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["hexadecimal", "http://0x7f000001:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["hexadecimal part", "http://0x7f.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["octal", "http://0177.0.0.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["octal, long", "http://00000000177.0.0.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["short", "http://127.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["literal with a dot at its end", "http://127.0.0.1.:PORT/", "reaches", "is a loopback"],
  ["percent signs", "http://%31%32%37.0.0.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["fullwidth digits", "http://１２７.０.０.１:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["circled digits", "http://①②⑦.⓪.⓪.①:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["ideographic dots", "http://127。0。0。1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["tabs and newlines", "ht\ntp://127.0.\t0.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["backslashes", "http:\\\\127.0.0.1:PORT\\", "reaches", "127.0.0.1 is a loopback"],
  ["no slashes", "http:127.0.0.1:PORT/", "reaches", "127.0.0.1 is a loopback"],
  ["zero", "http://0.0.0.0:PORT/", "reaches", "an unspecified"],
  ["zero, short", "http://0:PORT/", "reaches", "an unspecified"],
  ["IPv6 loopback", "http://[::1]:PORT/", "reaches by IPv6", "::1 is a loopback"],
  ["IPv6 loopback in full", "http://[0:0:0:0:0:0:0:1]:PORT/", "reaches by IPv6", "a loopback"],
  ["IPv6 unspecified", "http://[::]:PORT/", "reaches by IPv6", "an unspecified"],
  ["mapped, dotted", "http://[::ffff:127.0.0.1]:PORT/", "reaches", "is a loopback"],
  ["mapped, hexadecimal", "http://[::ffff:7f00:1]:PORT/", "reaches", "is a loopback"],
  ["mapped zero", "http://[::ffff:0:0]:PORT/", "reaches", "an unspecified"],
  ["compatible", "http://[::127.0.0.1]:PORT/", "cannot reach here", "a reserved"],
  ["cloud metadata", "http://169.254.169.254:PORT/", "cannot reach here", "a link-local"],
  ["cloud metadata, decimal", "http://2852039166:PORT/", "cannot reach here", "a link-local"],
  [
    "cloud metadata, mapped",
    "http://[::ffff:a9fe:a9fe]:PORT/",
    "cannot reach here",
    "a link-local",
  ],
  ["cloud metadata, IPv6", "http://[fd00:ec2::254]:PORT/", "cannot reach here", "a private"],
  ["NAT64", "http://[64:ff9b::7f00:1]:PORT/", "cannot reach here", "a translated"],
  ["NAT64, local", "http://[64:ff9b:1::7f00:1]:PORT/", "cannot reach here", "a translated"],
  ["translated", "http://[::ffff:0:127.0.0.1]:PORT/", "cannot reach here", "a translated"],
  ["6to4", "http://[2002:7f00:1::]:PORT/", "cannot reach here", "a tunnelled"],
  ["Teredo", "http://[2001:0:7f00:1::]:PORT/", "cannot reach here", "a tunnelled"],
  ["private, 10", "http://10.0.0.1:PORT/", "cannot reach here", "a private"],
  ["private, 172", "http://172.31.255.255:PORT/", "cannot reach here", "a private"],
  ["private, 192", "http://192.168.0.1:PORT/", "cannot reach here", "a private"],
  ["carrier", "http://100.64.0.1:PORT/", "cannot reach here", "a carrier's"],
  ["benchmark", "http://198.18.0.1:PORT/", "cannot reach here", "a reserved"],
  ["documentation", "http://[2001:db8::1]:PORT/", "cannot reach here", "a reserved"],
  ["multicast", "http://224.0.0.1:PORT/", "cannot reach here", "a multicast"],
  ["multicast, IPv6", "http://[ff02::1]:PORT/", "cannot reach here", "a multicast"],
  ["broadcast", "http://255.255.255.255:PORT/", "cannot reach here", "a broadcast"],
  ["link-local, IPv6", "http://[fe80::1]:PORT/", "cannot reach here", "a link-local"],
  ["site-local, IPv6", "http://[fec0::1]:PORT/", "cannot reach here", "a private"],
  ["zone id", "http://[fe80::1%25lo]:PORT/", "cannot reach here", "is no absolute URL"],
  ["localhost", "http://localhost:PORT/", "reaches", '"localhost" means this machine'],
  ["LOCALHOST", "http://LOCALHOST:PORT/", "reaches", '"localhost" means this machine'],
  ["localhost with a dot", "http://localhost.:PORT/", "reaches", "ends in a dot"],
  ["under localhost", "http://a.localhost:PORT/", "reaches", "means this machine"],
  ["metadata by name", "http://metadata.google.internal:PORT/", "reaches", "an internal name"],
  ["mDNS name", "http://printer.local:PORT/", "reaches", "the local network"],
  ["name without a dot", "http://single:PORT/", "reaches", "is no public name"],
  ["public name with a dot", "http://loop.test.:PORT/", "reaches", "ends in a dot"],
  ["name of loopback", "http://loop.test:PORT/", "reaches", "loop.test resolves to a loopback"],
  ["name of IPv6 loopback", "http://six.test:PORT/", "reaches by IPv6", "resolves to a loopback"],
  ["name of mapped", "http://mapped.test:PORT/", "reaches", "resolves to a loopback"],
  ["private name", "http://private.test:PORT/", "cannot reach here", "resolves to a private"],
  ["one answer public, one not", "http://mixed.test:PORT/", "reaches", "resolves to a loopback"],
  ["answer with a zone", "http://zone.test:PORT/", "reaches by IPv6", "no plain address"],
  ["answer in octal", "http://rubbish.test:PORT/", "cannot reach here", "plain addresses"],
  ["user name", "http://user@127.0.0.1:PORT/", "reaches", "a name or password inside"],
  ["host as user name", "http://example.com:80@127.0.0.1:PORT/", "reaches", "a name or password"],
  ["another port", "http://127.0.0.1:OTHER/", "reaches", "the sandbox may only reach ports"],
  ["allowed name, another port", "http://start.test:OTHER/", "reaches", "may only reach ports"],
  ["redirect to a literal", to("http://127.0.0.1:PORT/"), "reaches", "is a loopback"],
  ["redirect to decimal", to("http://2130706433:PORT/", 307), "reaches", "is a loopback"],
  ["redirect to no scheme", to("//127.0.0.1:PORT/"), "reaches", "is a loopback"],
  ["redirect to mapped", to("http://[::ffff:7f00:1]:PORT/", 308), "reaches", "is a loopback"],
  ["redirect to a name", to("http://loop.test:PORT/", 301), "reaches", "resolves to a loopback"],
  ["redirect to localhost", to("http://localhost:PORT/", 303), "reaches", "means this machine"],
  ["redirect to a port", to("http://start.test:OTHER/"), "reaches", "may only reach ports"],
  ["redirect twice", to(to("http://127.1:PORT/")), "reaches", "is a loopback"],
  ["redirect with a user", to("http://a:b@127.0.0.1:PORT/"), "reaches", "a name or password"],
  [
    "redirect to a file",
    to("file:///etc/passwd"),
    "cannot reach here",
    "the scheme file:; the sandbox may only use http and https",
  ],
  [
    "redirect to ftp",
    to("ftp://127.0.0.1:PORT/"),
    "cannot reach here",
    "the scheme ftp:; the sandbox may only use http and https",
  ],
  [
    "redirect to data",
    to("data:text/plain,hello"),
    "cannot reach here",
    "the scheme data:; the sandbox may only use http and https",
  ],
  [
    "file",
    "file:///etc/passwd",
    "cannot reach here",
    "the scheme file:; the sandbox may only use http and https",
  ],
  [
    "websocket",
    "ws://127.0.0.1:PORT/",
    "cannot reach here",
    "the scheme ws:; the sandbox may only use http and https",
  ],
  ["no URL", "/etc/passwd", "cannot reach here", "is no absolute URL"],
];

const filled = (url: string) => {
  return url.replaceAll("PORT", String(port)).replaceAll("OTHER", String(otherPort));
};

describe("tricks", () => {
  test.each(TRICKS)("%s", async (_trick, url, reach, why) => {
    const message = await failure(ask(filled(url)));
    expect(message).toMatch(/^refused: /);
    expect(message).toContain(why);
    expect(message.length).toBeLessThan(220);
    expect(hits).toHaveLength(0);

    // What cannot reach loopback is not let out to the network this test runs in.
    if (reach === "cannot reach here") return;
    asked = [];
    await fetchUnguarded(filled(url));
    expect(hits).toHaveLength(reach === "reaches" || hasV6 ? 1 : 0);
  });

  test("enough of them reach the server when nobody guards", () => {
    expect(TRICKS.filter(([, , reach]) => reach === "reaches").length).toBeGreaterThan(35);
  });

  test("a name that is public when checked and loopback when connected", async () => {
    const message = await failure(ask(`http://rebind.test:${port}/`, { totalMs: 500 }));
    expect(message).toMatch(/cannot fetch rebind.test|no whole answer/);
    expect(asked).toEqual([{ name: "rebind.test", count: 1 }]);
    expect(hits).toHaveLength(0);
    expect(await failure(ask(`http://rebind.test:${port}/`))).toContain("resolves to a loopback");

    asked = [];
    await fetchUnguarded(`http://rebind.test:${port}/`);
    expect(hits).toHaveLength(1);
  });

  test("a kept connection is no way round: each request and redirect is looked up again", async () => {
    await ask(`http://start.test:${port}/hop?2`);
    expect(asked).toEqual([{ name: "start.test", count: 3 }]);
    expect(hits[0]?.headers.connection).toBe("close");
  });

  test("allowing a name does not allow its address, nor the other way round", async () => {
    const allow = [`start.test:${port}`];
    expect(await failure(ask(`http://127.0.0.1:${port}/`, { allow }))).toMatch(/^refused/);
    const literal = { allow: [`127.0.0.1:${port}`] };
    expect(await failure(ask(`http://loop.test:${port}/`, literal))).toMatch(/^refused/);
    expect(hits).toHaveLength(0);
    expect((await ask(`http://2130706433:${port}/`, literal)).status).toBe(200);
  });

  test("proxies of the environment are not asked", async () => {
    const before = process.env.http_proxy;
    process.env.http_proxy = `http://127.0.0.1:${port}`;
    try {
      await failure(ask(`http://nowhere.test:${port}/`, { totalMs: 500 }));
    } finally {
      if (before === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = before;
    }
    expect(hits).toHaveLength(0);
  });
});

describe("addresses", () => {
  test("public ones pass", () => {
    for (const address of ["1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", NOWHERE]) {
      expect(addressFault(address, [])).toBeNull();
    }
  });

  test("those of this machine do not, in any spelling", () => {
    expect(addressFault("::ffff:808:808", ["8.8.8.8"])).toBe("an address of this machine");
    expect(addressFault("2606:4700:0::1111", ["2606:4700::1111"])).toBe(
      "an address of this machine",
    );
    for (const own of ownAddresses()) expect(addressFault(own, ownAddresses())).not.toBeNull();
  });

  test("what cannot be read is refused", () => {
    for (const text of ["", "x", "1.2.3.4.5", "8.8.8.8%eth0", "2606:4700::1%lo"]) {
      expect(addressFault(text, [])).toBe("no plain address");
    }
  });

  test("an operator's list is read strictly", () => {
    expect(allowedHost("NAS.lan:8080")).toEqual({ host: "nas.lan", port: 8080 });
    expect(allowedHost("[FD00::0:1]")).toEqual({ host: "[fd00::1]", port: null });
    for (const entry of ["", "http://x", "a b", "x:0", "x:99999", "x/y", "u@x", "::1", "*"]) {
      expect(() => allowedHost(entry)).toThrow("an allowed host must be");
    }
  });
});

describe("what is allowed works", () => {
  const url = () => `http://start.test:${port}/echo?a=1#not-sent`;

  test("request and answer arrive whole", async () => {
    const headers = { "X-Mine": "tëst", "Content-Type": "text/plain" };
    const response = await ask(url(), {}, { method: "post", headers, body: "hello" });
    const seen = JSON.parse(new TextDecoder().decode(response.body));
    expect(seen).toMatchObject({ method: "POST", body: "hello" });
    expect(seen.headers).toMatchObject({ host: `start.test:${port}`, "x-mine": "tëst" });
    expect(hits[0]?.url).toBe("/echo?a=1");
    expect(response).toMatchObject({ status: 200, statusText: "OK", url: url() });
    expect(response.headers).toMatchObject({ "x-seen": "yes", "set-cookie": "a=1, b=2" });
  });

  test("redirects end where they say", async () => {
    const response = await ask(`http://start.test:${port}/hop?5`);
    expect(response.url).toBe(`http://start.test:${port}/hop?0`);
    expect(await failure(ask(`http://start.test:${port}/hop?6`))).toBe(
      "refused: more than 5 redirects",
    );
    expect(hits).toHaveLength(1);
  });

  test("a POST becomes a GET where browsers do that, and keeps its body where they do", async () => {
    const post = { method: "POST", body: "kept", headers: { "content-type": "text/plain" } };
    for (const [status, method, body] of [
      [301, "GET", ""],
      [303, "GET", ""],
      [307, "POST", "kept"],
      [308, "POST", "kept"],
    ] as const) {
      const response = await ask(filled(to("/echo", status)), {}, post);
      const seen = JSON.parse(new TextDecoder().decode(response.body));
      expect(seen).toMatchObject({ method, body });
      expect(seen.headers["content-type"]).toBe(body ? "text/plain" : undefined);
    }
  });

  test("secrets stay with their origin", async () => {
    const headers = { Authorization: "Bearer x", Cookie: "y", "X-Other": "z" };
    const allow = [`start.test:${port}`, `loop.test:${port}`];
    await ask(filled(to(`http://loop.test:${port}/echo`)), { allow }, { headers });
    expect(hits[0]?.headers).not.toHaveProperty("authorization");
    expect(hits[0]?.headers).not.toHaveProperty("cookie");
    expect(hits[0]?.headers["x-other"]).toBe("z");
    await ask(filled(to("/echo")), { allow }, { headers });
    expect(hits[1]?.headers).toMatchObject({ authorization: "Bearer x", cookie: "y" });
  });
});

describe("bounds", () => {
  const start = (path: string) => `http://start.test:${port}${path}`;

  test.each([
    "Host",
    "connection",
    "Transfer-Encoding",
    "content-length",
    "upgrade",
    "Proxy-Authorization",
    "te",
    "Expect",
  ])("the header %s is refused by name", async (name) => {
    const message = await failure(ask(start("/"), {}, { headers: { [name]: "x" } }));
    expect(message).toBe(`refused: the header ${name.toLowerCase()} is not a script's to set`);
    expect(hits).toHaveLength(0);
  });

  test.each<[string, Partial<GuardedRequest>, string]>([
    ["a second header", { headers: { a: "b\r\nhost: x" } }, "characters a header cannot carry"],
    ["a name with a newline", { headers: { "a\nb": "c" } }, "is no header name"],
    ["many headers", { headers: { a: "x".repeat(17_000) } }, "at most 16384"],
    ["CONNECT", { method: "CONNECT" }, 'the method "CONNECT"'],
    ["a method with a line", { method: "GET / HTTP/1.1\r\n" }, "the method"],
    ["a body for GET", { body: "x" }, "GET takes no body"],
    ["a large body", { method: "PUT", body: new Uint8Array(1_048_577) }, "at most 1048576"],
    ["a long URL", { url: `http://start.test/${"x".repeat(9000)}` }, "at most 8192"],
  ])("%s is refused", async (_name, more, why) => {
    expect(await failure(ask(start("/"), {}, more))).toContain(why);
    expect(hits).toHaveLength(0);
  });

  test("bodies up to the cap come whole, over it there is an error and no piece", async () => {
    const options = { bodyBytesMax: 10_000 };
    expect((await ask(start("/big?10000"), options)).body).toHaveLength(10_000);
    const over = "refused: an answer of more than 10000 bytes";
    expect(await failure(ask(start("/big?10001"), options))).toBe(over);
    expect(await failure(ask(start("/flood")))).toBe(
      "refused: an answer of more than 1048576 bytes",
    );
    expect(await failure(ask(start("/bomb")))).toBe(
      "refused: an answer of more than 1048576 bytes",
    );
    const unpacked = await ask(start("/bomb"), { bodyBytesMax: 5_000_000 });
    expect(unpacked.body).toHaveLength(5_000_000);
    expect(unpacked.headers).not.toHaveProperty("content-encoding");
  });

  test("headers over the cap are an error", async () => {
    const much = start("/headers?10000");
    expect((await ask(much)).headers["x-much"]).toHaveLength(10_000);
    const less = failure(ask(much, { headerBytesMax: 4096 }));
    expect(await less).toContain("more than 4096 bytes of headers");
  });

  test("silence and trickles end with the time", async () => {
    const options = { totalMs: 150 };
    expect(await failure(ask(start("/silent"), options))).toBe("no whole answer within 150 ms");
    expect(await failure(ask(start("/trickle"), options))).toBe("no whole answer within 150 ms");
    const slow = { dnsMs: 50, lookup: () => new Promise<string[]>(() => {}) };
    expect(await failure(ask(start("/"), slow))).toContain("was not found within 50 ms");
  });

  test("an abort ends it at once, whatever it is waiting for", async () => {
    const guard = guardedFetch({ lookup, allow: [`start.test:${port}`] });
    const request = { url: start("/silent"), method: "GET", headers: {}, body: null };
    const controller = new AbortController();
    const running = failure(guard(request, controller.signal));
    await expect.poll(() => hits.length, { interval: 5 }).toBe(1);
    controller.abort();
    expect(await running).toBe("the fetch was stopped");
    expect(await failure(guard(request, AbortSignal.abort()))).toBe("the fetch was stopped");
    expect(hits).toHaveLength(1);
  });

  test("names without an address are told apart from refusals", async () => {
    expect(await failure(ask(`http://unknown.test:${port}/`))).toBe(
      `cannot fetch unknown.test:${port}: its name was not found`,
    );
    expect(await failure(ask(`http://none.test:${port}/`))).toContain("has no address");
  });

  test("the usual ports are 80 and 443", async () => {
    const guard = guardedFetch({ lookup });
    const request = { url: "http://loop.test:8080/", method: "GET", headers: {}, body: null };
    expect(await failure(guard(request, never))).toContain("ports 80 and 443");
    const secure = { ...request, url: "https://loop.test/" };
    expect(await failure(guard(secure, never))).toContain("resolves to a loopback");
  });
});
