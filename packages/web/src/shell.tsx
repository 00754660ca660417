// What every page has: row 0, the banner when what is shown is old, notices, and the four Fastext keys.

import { useLayoutEffect, useState } from "preact/hooks";
import { numberOf } from "./address.ts";
import { now } from "./clock.ts";
import { type Fastext, fastext, isRevealed, typed } from "./keys.ts";
import { closeNotice, notice, spoken } from "./notice.ts";
import { go, route } from "./router.ts";
import { account, connection, held, signOut, staleSince } from "./service.ts";
import { clockWord, dateWord, timeWord } from "./words.ts";

const ORDER = ["r", "g", "y", "c"] as const;

/** Sets the page's title and its four keys for as long as it is shown; null leaves both to another. */
export function usePage(title: string | null, keys: Fastext[]) {
  const shape = keys.map(({ colour, label, href }) => `${colour}${label}${href ?? ""}`).join("\n");
  useLayoutEffect(() => {
    if (title !== null) document.title = title;
  }, [title]);
  useLayoutEffect(() => {
    if (title === null) return;
    fastext.value = keys.map((key) =>
      key.href ? { ...key, act: () => go(key.href ?? "/") } : key,
    );
  }, [title === null, shape, ...keys.map((key) => key.act)]);
}

/** Row 0. */
export function Header() {
  const isStale = staleSince.value !== null;
  return (
    <header class={held.value ? "row0 held" : "row0"}>
      <PageNumber />
      <a class="svc" href="/">
        TICKER
      </a>
      <span class="pgn">{numberOf(route.value)}</span>
      <span class="date">{dateWord(now.value)}</span>
      <time class={isStale ? "clk old" : "clk"}>{clockWord(now.value)}</time>
      {held.value && (
        <a class="inforce" href="/180">
          ⏸ KILLALL<span class="wide"> IN FORCE</span>
        </a>
      )}
      <span class="sp" />
      {account.value && <Line />}
      {account.value && <Account name={account.value.name} />}
    </header>
  );
}

/** Where one is, and where to type another page: phones have no other keys. Typed digits are echoed here. */
function PageNumber() {
  const [digits, setDigits] = useState<string | null>(null);
  const echo = `P${typed.value.padEnd(3, "_")}`;
  return (
    <input
      class="pg"
      aria-label="Page number"
      inputMode="numeric"
      autocomplete="off"
      size={4}
      value={typed.value ? echo : (digits ?? `P${numberOf(route.value)}`)}
      onFocus={() => setDigits("")}
      onBlur={() => setDigits(null)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
      onInput={(event) => {
        const entered = event.currentTarget.value.replace(/\D/g, "");
        event.currentTarget.value = entered;
        setDigits(entered);
        if (entered.length < 3) return;
        event.currentTarget.blur();
        go(`/${entered.slice(0, 3)}`);
      }}
    />
  );
}

function Account({ name }: { name: string }) {
  return (
    <span class="who wide">
      <a href="/190">{name}</a>
      <button type="button" onClick={() => void signOut()}>
        sign out
      </button>
    </span>
  );
}

/** `● LIVE`, or how old the newest news is. */
function Line() {
  const since = staleSince.value;
  if (since === null && connection.value.state === "live") return <span class="live">● LIVE</span>;
  const age = since === null ? "" : ` ${Math.max(0, Math.round((now.value - since) / 1000))}s`;
  return <span class="live old">○{age || " ..."}</span>;
}

/** Loud, because old numbers that look new are worse than none. */
export function StaleBanner() {
  const since = staleSince.value;
  if (since === null || !account.value) return null;
  return (
    <p class="stale" role="alert">
      <b>RECONNECTING</b> <span>showing {clockWord(since)}</span>
    </p>
  );
}

/** The newest notice, and what only screen readers hear. */
export function Notices() {
  const shown = notice.value;
  return (
    <>
      <div role="status" class="unseen">
        {spoken.value}
      </div>
      <div role="status" class="notices">
        {shown && (
          <p class={`notice ${shown.tone}`}>
            <span>{shown.text}</span>
            {shown.undo && (
              <button
                type="button"
                onClick={() => {
                  shown.undo?.();
                  closeNotice();
                }}
              >
                UNDO
              </button>
            )}
            <button type="button" aria-label="Close this notice" onClick={closeNotice}>
              ✗
            </button>
          </p>
        )}
      </div>
    </>
  );
}

/** Four coloured keys; on a phone four slabs under the thumb. */
export function FastextBar() {
  return (
    <nav class="fast" aria-label="Fastext">
      {ORDER.map((colour) => {
        const item = fastext.value.find((key) => key.colour === colour);
        return item ? <FastextKey key={colour} item={item} /> : <span key={colour} />;
      })}
    </nav>
  );
}

function FastextKey({ item }: { item: Fastext }) {
  const inside = (
    <>
      <span class="cap" aria-hidden="true">
        {item.colour.toUpperCase()}
      </span>
      <span>{item.label}</span>
    </>
  );
  const look = `f${item.colour}`;
  if (item.href)
    return (
      <a class={look} href={item.href}>
        {inside}
      </a>
    );
  return (
    <button type="button" class={look} onClick={item.act}>
      {inside}
    </button>
  );
}

/** A key's name beside what it does, while keys are revealed. */
export function Key({ name }: { name: string }) {
  if (!isRevealed.value) return null;
  return (
    <>
      {" "}
      <kbd class="key">{name}</kbd>
    </>
  );
}

/** An instant: relative or short in the text, exact on hover. */
export function Instant({ at, children }: { at: number; children: preact.ComponentChildren }) {
  const exact = `${dateWord(at)} ${timeWord(at, true)}`;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact}>
      {children}
    </time>
  );
}

/** The upper part of a page: where one is, and its name in double height. */
export function Title(props: {
  crumbs: [label: string, href: string][];
  name: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <section class="title">
      <p class="crumb">
        {props.crumbs.map(([label, href]) => (
          <span key={href}>
            <a href={href}>{label}</a> ›{" "}
          </span>
        ))}
      </p>
      <h1>
        <span class="dh">{props.name}</span>
      </h1>
      <div class="facts">{props.children}</div>
    </section>
  );
}
