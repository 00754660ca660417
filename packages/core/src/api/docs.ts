import type { Api, ApiApp } from "./context.ts";
export function addDocs(_app: ApiApp, _api: Api): void {}
