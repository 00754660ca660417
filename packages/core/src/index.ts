// The one barrel: what the bodies import by name.
export * from "./account.ts";
export * from "./error.ts";
export * from "./event.ts";
export * from "./platform.ts";
export * from "./protocol.ts";
export * from "./run.ts";
export * from "./schedule.ts";
export * from "./status.ts";
export * from "./store.ts";
export * from "./ticker.ts";
export * from "./tile.ts";
