// The feed over a real socket: replay, then live without a hole; resume by cursor; gaps said aloud; slow
// readers left alone and caught up; strangers refused.

import type { Event } from "@ticker/core/event";
import type { ServerMessage } from "@ticker/core/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FeedClient, type TestServer, testServer } from "./support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

type Events = Extract<ServerMessage, { type: "events" }>;
const isEvents = (m: ServerMessage): m is Events => m.type === "events";
const ends = (run: number) => (m: ServerMessage) =>
  isEvents(m) && m.run === run && m.events.some((e) => e.kind === "finished");

/** Every event message of a subscription, checked to be without hole or repeat. */
function contiguous(messages: ServerMessage[], id: string): string[] {
  const faults: string[] = [];
  const last = new Map<number, number>();
  const gone = new Set<number>();
  for (const message of messages) {
    if (message.type === "gap" && message.id === id) {
      for (let run = message.fromRun ?? 1; run <= (message.toRun ?? 0); run++) gone.add(run);
    }
    if (!isEvents(message) || message.id !== id) continue;
    const before = last.get(message.run) ?? 0;
    if (message.from !== before + 1)
      faults.push(`run ${message.run}: ${message.from} after ${before}`);
    last.set(message.run, message.to);
  }
  const runs = [...last.keys()];
  for (let run = Math.min(...runs); run <= Math.max(...runs); run++) {
    if (!last.has(run) && !gone.has(run)) faults.push(`run ${run} is missing`);
    if (last.has(run) && gone.has(run)) faults.push(`run ${run} came after it was said to be gone`);
  }
  return faults;
}

const texts = (messages: ServerMessage[], run: number): string[] =>
  messages
    .filter(isEvents)
    .filter((m) => m.run === run)
    .flatMap((m) => m.events)
    .filter((e): e is Event & { kind: "output" } => e.kind === "output")
    .flatMap((e) => e.text.split("\n"));

const runAndFinish = async (id: string, client: FeedClient, run: number): Promise<void> => {
  await server.ask("POST", `/v1/tickers/${id}/run`);
  await client.message(ends(run));
};

describe("a ticker's feed", () => {
  test("greets, replays the newest run, says when it is live, and goes on", async () => {
    const { id, page } = await server.ticker("greets", 'print("a"); await sleep(60); print("b")');
    const first = await server.feed();
    expect(first.messages[0] ?? (await first.message((m) => m.type === "hello"))).toMatchObject({
      type: "hello",
      protocol: "ticker.v1",
      account: "home",
    });
    first.send({ type: "subscribe", id: "x", feed: String(page) });
    await first.message((m) => m.type === "live" && m.id === "x");
    await runAndFinish(id, first, 1);
    expect(texts(first.messages, 1)).toEqual(["a", "b"]);

    const second = await server.feed();
    second.send({ type: "subscribe", id: "y", feed: id });
    await second.message((m) => m.type === "live");
    expect(texts(second.messages, 1)).toEqual(["a", "b"]);
    await runAndFinish(id, second, 2);
    expect(contiguous(second.messages, "y")).toEqual([]);
  });

  test("a cursor resumes right after it, even in the middle of a run", async () => {
    const source = 'for (let i = 0; i < 6; i++) { print("line " + i); await sleep(40); }';
    const { id } = await server.ticker("resumes", source);
    const first = await server.feed();
    first.send({ type: "subscribe", id: "a", feed: id });
    await first.message((m) => m.type === "live");
    await server.ask("POST", `/v1/tickers/${id}/run`);
    const early = await first.message<Events>((m) => isEvents(m) && m.to >= 3);
    first.socket.terminate();
    const got = texts(first.messages.slice(0, first.messages.indexOf(early) + 1), 1);

    const second = await server.feed();
    second.send({ type: "subscribe", id: "b", feed: id, cursor: early.cursor });
    await second.message(ends(1));
    expect([...got, ...texts(second.messages, 1)]).toEqual(
      Array.from({ length: 6 }, (_, i) => `line ${i}`),
    );
    const next = second.messages.find(isEvents);
    expect(next?.from).toBe(early.to + 1);
  });

  test("without replay, a run under way is followed from now on", async () => {
    const source = 'print("before"); await sleep(300); print("after")';
    const { id } = await server.ticker("underway", source);
    const first = await server.feed();
    first.send({ type: "subscribe", id: "a", feed: id });
    await first.message((m) => m.type === "live");
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await first.message((m) => isEvents(m) && m.events.some((e) => e.kind === "output"));
    const late = await server.feed();
    late.send({ type: "subscribe", id: "b", feed: id, last: 0 });
    await late.message(ends(1));
    expect(texts(late.messages, 1)).toEqual(["after"]);
  });

  test("many viewers of a fast ticker all see every event once", async () => {
    const { id } = await server.ticker("fast", "print(run.number)", 50);
    const viewers = await Promise.all(Array.from({ length: 10 }, () => server.feed()));
    for (const [i, viewer] of viewers.entries()) {
      viewer.send({ type: "subscribe", id: i % 2 ? "odd" : `own-${i}`, feed: id });
    }
    await Promise.all(viewers.map((viewer) => viewer.message((m) => isEvents(m) && m.run >= 15)));
    await server.ask("POST", `/v1/tickers/${id}/stop`);
    for (const [i, viewer] of viewers.entries()) {
      expect(contiguous(viewer.messages, i % 2 ? "odd" : `own-${i}`)).toEqual([]);
    }
  });

  test("runs that retention took away are a gap, said before what follows", async () => {
    const { id } = await server.ticker("pruned", "print(1)", undefined, {
      retention: { runs: 3, failures: 0 },
    });
    const watcher = await server.feed();
    watcher.send({ type: "subscribe", id: "w", feed: id });
    await watcher.message((m) => m.type === "live");
    for (let run = 1; run <= 8; run++) await runAndFinish(id, watcher, run);
    const { cursor } = await watcher.message<Events>(ends(2));
    while ((await server.platform.store.prune(1000)) > 0);
    const late = await server.feed();
    late.send({ type: "subscribe", id: "l", feed: id, cursor });
    const gap = await late.message<Extract<ServerMessage, { type: "gap" }>>(
      (m) => m.type === "gap",
    );
    expect(gap).toMatchObject({ reason: "retention", fromRun: 3 });
    await late.message((m) => m.type === "live");
    expect(contiguous(late.messages, "l")).toEqual([]);
    const first = late.messages.find(isEvents);
    expect(first?.run).toBe((gap.toRun ?? 0) + 1);
  });

  test("due times that were skipped are told as one growing record", async () => {
    const { id } = await server.ticker("slowpoke", "await sleep(400)", 100);
    const viewer = await server.feed();
    viewer.send({ type: "subscribe", id: "s", feed: id });
    await viewer.message(ends(3));
    await server.ask("POST", `/v1/tickers/${id}/stop`);
    const skipped = viewer.messages
      .filter(isEvents)
      .filter((m) => m.run === 2)
      .map((m) => m.events.at(-1));
    expect(skipped.every((e) => e?.kind === "skipped" && e.reason === "still-running")).toBe(true);
    expect(skipped.at(-1)).toMatchObject({ count: skipped.at(-1)?.seq });
    expect(contiguous(viewer.messages, "s")).toEqual([]);
  });
});

describe("a slow reader", () => {
  test("slows nobody, loses nothing, and catches up when it reads again", async () => {
    const source =
      'for (let i = 0; i < 60; i++) { print(String(i).padEnd(15000, ".")); await sleep(5); }';
    const { id } = await server.ticker("flood", source, undefined, {
      limits: { outputBytes: 1048576 },
    });
    const slow = await server.feed();
    const quick = await server.feed();
    for (const viewer of [slow, quick]) {
      viewer.send({ type: "subscribe", id: "f", feed: id });
      await viewer.message((m) => m.type === "live");
    }
    slow.socket.pause();
    for (let run = 1; run <= 8; run++) await runAndFinish(id, quick, run);
    expect(contiguous(quick.messages, "f")).toEqual([]);
    const heldBack = slow.messages.filter(isEvents).length;
    expect(heldBack).toBe(0);
    slow.socket.resume();
    await slow.message(ends(8));
    expect(contiguous(slow.messages, "f")).toEqual([]);
    expect(texts(slow.messages, 8)).toEqual(texts(quick.messages, 8));
  }, 60_000);
});

describe("the account's feed and the tiles", () => {
  test("the account feed has every ticker's events, and resumes from its cursor", async () => {
    const one = await server.ticker("acc-one", 'print("1")');
    const two = await server.ticker("acc-two", 'print("2")');
    const first = await server.feed();
    first.send({ type: "subscribe", id: "a", feed: "account" });
    await first.message((m) => m.type === "live");
    await server.ask("POST", `/v1/tickers/${one.id}/run`);
    const seen = await first.message<Events>(
      (m) => isEvents(m) && m.tickerId === one.id && ends(1)(m),
    );
    first.socket.terminate();
    await server.ask("POST", `/v1/tickers/${two.id}/run`);
    const second = await server.feed();
    second.send({ type: "subscribe", id: "a", feed: "account", cursor: seen.cursor });
    await second.message((m) => isEvents(m) && m.tickerId === two.id && ends(1)(m));
    expect(second.messages.filter(isEvents).some((m) => m.tickerId === one.id)).toBe(false);
    expect(second.messages.some((m) => m.type === "gap")).toBe(false);
  });

  test("a cursor of another process is a gap", async () => {
    const client = await server.feed();
    client.send({ type: "subscribe", id: "a", feed: "account", cursor: "elsewhere.12" });
    const gap = await client.message((m) => m.type === "gap");
    expect(gap).toMatchObject({ reason: "restarted" });
  });

  test("tiles: all at first, then what changed; edits and deletions too", async () => {
    const { id, page } = await server.ticker("tiled", "print(42)");
    const client = await server.feed();
    client.send({ type: "subscribe", id: "t", feed: "tiles" });
    type Tiles = Extract<ServerMessage, { type: "tiles" }>;
    const tileWhere = (wants: (tile: Tiles["tiles"][number]) => boolean) =>
      client.message<Tiles>(
        (m) => m.type === "tiles" && m.tiles.some((t) => t.tickerId === id && wants(t)),
      );
    await tileWhere((tile) => tile.page === page && tile.runNumber === 0);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await tileWhere((tile) => tile.metric?.value === 42 && tile.lastOutcome === "succeeded");
    await server.ask("PATCH", `/v1/tickers/${id}`, { name: "renamed" }, { "if-match": "*" });
    await tileWhere((tile) => tile.name === "renamed");
    await server.ask("DELETE", `/v1/tickers/${id}`);
    await client.message((m) => m.type === "tiles" && m.removed.includes(id));
  });
});

describe("why a run failed", () => {
  test("is in the tile: first line, bounded, masked, gone with the next success", async () => {
    await server.ask("PUT", "/v1/secrets/TILE_KEY", { value: "hush-hush-123" });
    const source = `const key = secret("TILE_KEY");
      const error = new Error("with " + key + " it is " + "long ".repeat(100) + "\\nsecond line");
      error.name = key + "Error";
      if (run.number !== 2) throw error;`;
    const { id } = await server.ticker("failing", source);
    const client = await server.feed();
    client.send({ type: "subscribe", id: "t", feed: "tiles" });
    type Tiles = Extract<ServerMessage, { type: "tiles" }>;
    const tileAfter = async (run: number, by = client) => {
      const isIt = (tile: Tiles["tiles"][number]) =>
        tile.tickerId === id && tile.running === 0 && tile.runNumber === run;
      const message = await by.message<Tiles>((m) => m.type === "tiles" && m.tiles.some(isIt));
      return message.tiles.find(isIt);
    };
    await tileAfter(0);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    const failed = await tileAfter(1);
    expect(failed?.error).toMatch(/^\[secret\]Error: with \[secret\] it is long/);
    expect(failed?.error).toHaveLength(200);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    expect((await tileAfter(2))?.error).toBe(null);
    await server.ask("POST", `/v1/tickers/${id}/run`);
    await tileAfter(3);
    // Read from the records, as after a restart.
    await server.ask("PATCH", `/v1/tickers/${id}`, { name: "failing-2" }, { "if-match": "*" });
    const view = await server.ask<{ tile: { error: string } }>("GET", `/v1/tickers/${id}`);
    expect(view.tile.error).toBe(failed?.error);
  });
});

describe("killall", () => {
  type Held = Extract<ServerMessage, { type: "held" }>;
  const held = (client: FeedClient, reason: string | null, from = 0) =>
    client.message<Held>((m) => m.type === "held" && (m.held?.reason ?? null) === reason, from);

  test("every connection is told at once, whatever it watches, and a new one right after hello", async () => {
    const { id } = await server.ticker("held", "print(1)");
    const [watching, bare] = [await server.feed(), await server.feed()];
    watching.send({ type: "subscribe", id: "a", feed: id });
    for (const client of [watching, bare]) await held(client, null);
    const { held: hold } = await server.ask<{ held: object }>("POST", "/v1/killall", {
      reason: "one",
    });
    for (const client of [watching, bare]) {
      expect((await held(client, "one")).held).toEqual(hold);
    }
    const late = await server.feed();
    await held(late, "one");
    expect(late.messages.map((m) => m.type).slice(0, 2)).toEqual(["hello", "held"]);
    const before = bare.messages.length;
    await server.ask("POST", "/v1/release");
    for (const client of [watching, late]) await held(client, null, 2);
    await held(bare, null, before);
  });

  test("a release and a killall at once leave memory, store and feed of one mind", async () => {
    const client = await server.feed();
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        server.engine.release("home"),
        server.engine.killAll("home", "test", `round ${round}`),
      ]);
      await held(client, `round ${round}`);
      expect((await server.platform.store.readAccount("home"))?.hold).toMatchObject({
        reason: `round ${round}`,
      });
      await expect(server.engine.runNow("home", "any")).rejects.toThrow("killall is in force");
    }
    await server.engine.release("home");
  });
});

describe("what a client may say", () => {
  test.each([
    ["{", "one JSON object"],
    ["[]", "one JSON object"],
    ['{"type":"dance"}', "type must be"],
    ['{"type":"subscribe","feed":"203"}', "id must be"],
    ['{"type":"subscribe","id":"a","feed":"203","extra":1}', '"extra" is no field'],
    ['{"type":"subscribe","id":"a","feed":"203","last":1000}', "last must be"],
    ['{"type":"subscribe","id":"a","feed":"nothing-here"}', 'no feed "nothing-here"'],
    ['{"type":"subscribe","id":"a","feed":"t_0000000000000000"}', "no feed"],
    ['{"type":"unsubscribe","id":"a"}', "no subscription"],
  ])("%s is answered with what is wrong", async (text, reason) => {
    const client = await server.feed();
    client.send(text);
    const error = await client.message((m) => m.type === "error");
    expect(error).toMatchObject({ message: expect.stringContaining(reason) });
    client.send({ type: "ping", id: "still-there" });
    await client.message((m) => m.type === "pong");
  });

  test("a cursor of another ticker, or from the future, is refused rather than believed", async () => {
    const one = await server.ticker("cursor-one", "print(1)");
    const two = await server.ticker("cursor-two", "print(2)");
    const client = await server.feed();
    client.send({ type: "subscribe", id: "a", feed: one.id });
    await client.message((m) => m.type === "live");
    await runAndFinish(one.id, client, 1);
    const { cursor } = await client.message<Events>(ends(1));
    client.send({ type: "subscribe", id: "other", feed: two.id, cursor });
    const future = cursor.replace(/:.*/, ":99");
    client.send({ type: "subscribe", id: "future", feed: one.id, cursor: future });
    for (const [id, why] of [
      ["other", "of another ticker"],
      ["future", "ahead"],
    ]) {
      const error = await client.message((m) => m.type === "error" && m.id === id);
      expect(error).toMatchObject({ code: "invalid", message: expect.stringContaining(why ?? "") });
    }
    // The ids are free: the same subscriptions, without a cursor.
    client.send({ type: "subscribe", id: "other", feed: two.id });
    await client.message((m) => m.type === "live" && m.id === "other");
  });

  test("a bad cursor is refused, the same id twice too", async () => {
    const { id } = await server.ticker("cursors", "print(1)");
    const client = await server.feed();
    client.send({ type: "subscribe", id: "a", feed: id, cursor: "rubbish" });
    expect(await client.message((m) => m.type === "error")).toMatchObject({
      id: "a",
      code: "invalid",
    });
    client.send({ type: "subscribe", id: "b", feed: id });
    client.send({ type: "subscribe", id: "b", feed: id });
    await client.message((m) => m.type === "error" && m.code === "conflict");
  });

  test("a flood of messages is let go, and so are binary and huge ones", async () => {
    const flood = await server.feed();
    for (let i = 0; i < 400; i++) flood.send({ type: "ping" });
    expect(await flood.closed).toBe(1008);
    const binary = await server.feed();
    binary.socket.send(Buffer.from([1, 2, 3]));
    expect(await binary.closed).toBe(1003);
    const huge = await server.feed();
    huge.send("x".repeat(70_000));
    expect(await huge.closed).toBe(1009);
  });
});

describe("who may listen", () => {
  test("nobody without proof, nobody from another site, nobody by a wrong name", async () => {
    await expect(server.feed({ headers: {} })).rejects.toThrow("401");
    await expect(server.feed({ headers: { authorization: "Bearer wrong" } })).rejects.toThrow(
      "401",
    );
    await expect(server.feed({ protocols: ["other"] })).rejects.toThrow("400");
    const host = { authorization: `Bearer ${"x"}`, host: "evil.example" };
    await expect(server.feed({ headers: host })).rejects.toThrow(/refused with 4/);
  });

  test("a session cookie counts from our own pages only", async () => {
    const link = server.signInLink.split("#")[1];
    const answer = await fetch(`${server.url}/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ link }),
    });
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    await server.feed({ headers: { cookie, origin: server.url } });
    await expect(
      server.feed({ headers: { cookie, origin: "https://evil.example" } }),
    ).rejects.toThrow("401");
    await expect(server.feed({ headers: { cookie } })).rejects.toThrow("401");
  });

  test("a one-time ticket opens one socket", async () => {
    const { ticket } = await server.ask<{ ticket: string }>("POST", "/v1/feed-ticket");
    const protocols = ["ticker.v1", `ticket.${ticket}`];
    const client = await server.feed({ headers: {}, protocols });
    expect(client.socket.protocol).toBe("ticker.v1");
    await expect(server.feed({ headers: {}, protocols })).rejects.toThrow("401");
  });
});
