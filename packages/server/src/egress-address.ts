// Which addresses, names and ports a script's fetch may reach: the judgement alone, without a network.
// Fail closed: only what is surely public passes. egress.ts asks here before it connects and again after.

import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";

const KINDS: Record<string, string> = {
  unspecified: "an unspecified",
  broadcast: "a broadcast",
  multicast: "a multicast",
  linkLocal: "a link-local",
  loopback: "a loopback",
  carrierGradeNat: "a carrier's internal",
  private: "a private",
  reserved: "a reserved",
  uniqueLocal: "a private",
  deprecatedSiteLocal: "a private",
  discard: "a discarded",
  rfc6145: "a translated",
  rfc6052: "a translated",
  "6to4": "a tunnelled",
  teredo: "a tunnelled",
};

/** All of today's public IPv6 lies here; ipaddr.js calls `::7f00:1` and the like unicast too. */
const GLOBAL_V6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];

/** One spelling per address: brackets, zone-free case and IPv4 in IPv6 undone. Null when it is none. */
export function plainAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  try {
    // process() unwraps ::ffff:a.b.c.d; parse alone would also read 0177.0.0.1, which no resolver says.
    return ipaddr.process(bare);
  } catch {
    return null;
  }
}

/**
 * Why an address is refused, as in "a loopback address"; null when it is public and not of this machine.
 * `own` are addresses of this machine and others the operator wants refused.
 */
export function addressFault(text: string, own: readonly string[]): string | null {
  const address = plainAddress(text);
  if (address === null || text.includes("%")) return "no plain address";
  const range = address.range();
  if (range !== "unicast") return `${KINDS[range] ?? "a special"} address`;
  if (address instanceof ipaddr.IPv6 && !address.match(GLOBAL_V6)) return "a reserved address";
  const spelled = address.toNormalizedString();
  const mine = own.some((each) => plainAddress(each)?.toNormalizedString() === spelled);
  return mine ? "an address of this machine" : null;
}

/** Every address of this machine's interfaces now; they may change while the service runs. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(
    (all) => all?.map((each) => each.address) ?? [],
  );
}

/** Why a host name is refused before anybody is asked for its address; null when it may be looked up. */
export function nameFault(name: string): string | null {
  if (name.endsWith(".")) return "ends in a dot";
  if (name === "localhost" || name.endsWith(".localhost")) return "means this machine";
  if (name.endsWith(".internal")) return "is an internal name";
  if (name.endsWith(".local") || name.endsWith(".home.arpa"))
    return "is a name of the local network";
  if (!name.includes(".")) return "is no public name";
  if (!/^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$/.test(name)) return "is no plain host name";
  return null;
}

/** A host an operator allows, as URL spells it, and its port; null means the usual ports. */
export type AllowedHost = { host: string; port: number | null };

/** Reads `host`, `host:port`, `10.0.0.5:8080` or `[fd00::1]:8080`. Throws an Error that names the entry. */
export function allowedHost(entry: string): AllowedHost {
  const found = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/i.exec(entry.trim());
  const port = found?.[2] === undefined ? null : Number(found[2]);
  const wrong = `an allowed host must be host or host:port, such as nas.lan:8080; got ${JSON.stringify(entry)}`;
  if (!found?.[1] || (port !== null && (port < 1 || port > 65_535))) throw new Error(wrong);
  const host = URL.parse(`http://${found[1]}`)?.hostname;
  // A star would match nothing, and its writer would not learn that.
  if (!host || !/^(\[.*\]|[a-z0-9._-]+)$/.test(host)) throw new Error(wrong);
  return { host, port };
}
