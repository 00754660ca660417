// Hides secrets wherever a script might show them: as they are, URL-encoded, in base64 (with any of the
// three alignments) and as JSON text. Works on what left the sandbox, so a script cannot switch it off.

import type { ScriptError } from "./run.ts";

const MARK = "[secret]";
/** Shorter ones would blank out ordinary words; the API refuses to store them. */
export const SECRET_CHARS_MIN = 6;

const base64 = (bytes: Uint8Array): string => {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
};

/** Base64 of the secret inside a longer text: the characters that do not depend on its neighbours. */
const base64Forms = (secret: string): string[] => {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].map((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const text = base64(padded).replace(/=+$/, "");
    const from = shift === 0 ? 0 : shift + 1;
    const tail = (shift + bytes.length) % 3 === 0 ? 0 : 1;
    return text.slice(from, text.length - tail);
  });
};

const forms = (secret: string): string[] => {
  const plain = base64Forms(secret);
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    ...plain,
    ...plain.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  ];
};

export type Mask = (text: string) => string;

/** A function that replaces every form of these secrets by `[secret]`; the identity without secrets. */
export function makeMask(secrets: string[]): Mask {
  const needles = [...new Set(secrets.filter((s) => s.length > 0).flatMap(forms))]
    // Base64 cut to what does not depend on its neighbours may be very short, and would blank out words.
    .filter((needle) => needle.length >= 4)
    .sort((a, b) => b.length - a.length);
  if (needles.length === 0) return (text) => text;
  return (text) => {
    let masked = text;
    for (const needle of needles) {
      if (masked.includes(needle)) masked = masked.replaceAll(needle, MARK);
    }
    return masked;
  };
}

/** An error with nothing of a secret in any of its words. */
export const maskError = (error: ScriptError, mask: Mask): ScriptError => ({
  ...error,
  name: mask(error.name),
  message: mask(error.message),
  ...(error.stack === undefined ? {} : { stack: mask(error.stack) }),
});

const NAMED = /\bsecret\s*\(\s*(["'`])([A-Za-z_][A-Za-z0-9_]{0,63})\1\s*\)/g;

/** Names a script asks for as literals, `secret("NAME")`: it is given these and no others. */
export const secretsNamed = (source: string): string[] => [
  ...new Set([...source.matchAll(NAMED)].map((match) => match[2] as string)),
];
