// Completions from the declaration of what scripts may use: read once, so the editor can never offer what
// the sandbox does not have. Pure.

import { HOST_API } from "@ticker/core/sandbox/host-api";

export type Offer = { label: string; detail: string; info: string; isFunction: boolean };
export type Offers = { globals: Offer[]; members: ReadonlyMap<string, Offer[]> };

const COMMENT = /^\s*\/\*\*(.*)/;
const GLOBAL = /^declare (function|const|class) (\w+)(.*)$/;
const MEMBER = /^\s+(?:static )?(?:readonly )?(\w+)(<[^(]*>)?\??(\(.*|:.*)$/;

/** Reads a declaration file of globals, one level of members deep. */
export function readDeclaration(text: string): Offers {
  const globals: Offer[] = [];
  const members = new Map<string, Offer[]>();
  let info: string[] = [];
  let owner: string | null = null;
  let inComment = false;
  for (const line of text.split("\n")) {
    const opening = COMMENT.exec(line);
    if (opening) info = [];
    if (opening || inComment) {
      info.push(line.replace(/^\s*\/?\*+\/?|\*\/\s*$/g, "").trim());
      inComment = !line.includes("*/");
      continue;
    }
    const found = GLOBAL.exec(line);
    const toolbox = /^\s+interface Toolbox/.test(line) ? "t" : null;
    if (found) {
      const [, kind = "", label = "", rest = ""] = found;
      globals.push(offer(label, rest, info, kind !== "const"));
      owner = kind !== "function" && line.endsWith("{") ? label : owner;
    } else if (toolbox) owner = toolbox;
    else if (/^\s*\};?$/.test(line) && !/^ {4}/.test(line)) owner = null;
    else if (owner) addMember(members, owner, line, info);
    info = [];
  }
  return { globals, members };
}

function addMember(members: Map<string, Offer[]>, owner: string, line: string, info: string[]) {
  const found = MEMBER.exec(line);
  const [, label = "", , rest = ""] = found ?? [];
  const isNested = new RegExp(owner === "t" ? "^ {5,}" : "^ {3,}").test(line);
  if (!found || label === "constructor" || isNested) return;
  const known = members.get(owner) ?? [];
  if (!known.some((other) => other.label === label))
    known.push(offer(label, rest, info, rest.startsWith("(") || rest.startsWith(": typeof")));
  members.set(owner, known);
}

function offer(label: string, rest: string, info: string[], isFunction: boolean): Offer {
  const detail = rest.replace(/[;{]\s*$/, "").trim();
  return { label, detail, info: info.filter(Boolean).join(" "), isFunction };
}

export const OFFERS = readDeclaration(HOST_API);
