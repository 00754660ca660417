// A dry run of unsaved code: told line by line while it runs. Reading the stream is pure enough to be tested
// without a browser.

import { send } from "../api.ts";
import type { TryLine } from "../view.ts";
import type { Form } from "./form.ts";

/** Each line of an NDJSON stream as it comes, however it is cut into chunks. */
export async function* readNdjson<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
    if (done) return;
  }
}

/** Runs the form's code without saving anything. Throws the server's refusal. */
export async function* tryScript(
  form: Form,
  tickerId: string | null,
  signal: AbortSignal,
): AsyncGenerator<TryLine> {
  const response = await send("/try", {
    method: "POST",
    headers: { accept: "application/x-ndjson" },
    body: {
      script: { language: form.language, source: form.source },
      limits: { timeoutMs: Number(form.timeoutMs) || undefined },
      ...(tickerId ? { ticker: tickerId } : {}),
    },
    signal,
  });
  if (response.body) yield* readNdjson<TryLine>(response.body);
}

/** `line 3, column 9: SyntaxError: ...`, as the server says it, as a place in the code. */
export function placeIn(message: string): { line: number; column: number | null } | null {
  const match = /\bline (\d+)(?:, column (\d+))?/.exec(message);
  if (!match) return null;
  return { line: Number(match[1]), column: match[2] ? Number(match[2]) : null };
}
