// P192: tokens for programs. A token's text is shown once, right after it was made.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import { tell } from "../notice.ts";
import { Title, usePage } from "../shell.tsx";
import type { TokenView } from "../view.ts";
import { whenWord } from "../words.ts";

export function TokensPage() {
  const tokens = useSignal<TokenView[] | null>(null);
  const shown = useSignal<string | null>(null);
  const name = useSignal("");
  const mayWrite = useSignal(true);
  const trouble = useSignal<string | null>(null);
  const attempt = async (act: () => Promise<unknown>) => {
    trouble.value = null;
    try {
      await act();
      tokens.value = (await call<{ items: TokenView[] }>("/tokens")).items;
    } catch (error) {
      trouble.value = reasonOf(error);
    }
  };
  useEffect(() => void attempt(async () => {}), []);
  usePage("P192 Tokens - Ticker", [
    { colour: "r", label: "Settings", href: "/190" },
    { colour: "g", label: "Secrets", href: "/194" },
    { colour: "y", label: "API docs", act: () => location.assign("/docs") },
    { colour: "c", label: "Index", href: "/" },
  ]);
  const create = () =>
    attempt(async () => {
      const scopes = mayWrite.value ? ["read", "write"] : ["read"];
      const body = { name: name.value.trim(), scopes };
      const made = await call<TokenView & { token: string }>("/tokens", { method: "POST", body });
      shown.value = made.token;
      name.value = "";
    });
  return (
    <main id="main" class="plainpage">
      <Title
        crumbs={[
          ["100 Index", "/"],
          ["190 Settings", "/190"],
        ]}
        name="Tokens"
      >
        <span class="t-c">for programs that call the API</span>
      </Title>
      <form
        class="fld"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <label for="tokenname">New token for</label>
        <span class="inp">
          <input
            id="tokenname"
            maxLength={64}
            placeholder="laptop, deploy ..."
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </span>
        <label class="check">
          <input
            type="checkbox"
            checked={mayWrite.value}
            onChange={(event) => {
              mayWrite.value = event.currentTarget.checked;
            }}
          />
          may change things
        </label>
        <button type="submit" class="go" disabled={name.value.trim() === ""}>
          Create
        </button>
      </form>
      {trouble.value && (
        <p class="trouble" role="alert">
          ✗ {trouble.value}
        </p>
      )}
      {shown.value && <ShownOnce token={shown.value} />}
      <ul class="open">
        {tokens.value?.map((token) => (
          <li key={token.id}>
            <span class="t-y">{token.name}</span>
            <span>{token.scopes.join(" and ")}</span>
            <span class="t-c">
              made {whenWord(token.createdAt, now.value)},{" "}
              {token.lastUsedAt ? `used ${whenWord(token.lastUsedAt, now.value)}` : "never used"}
              {token.expiresAt ? `, until ${whenWord(token.expiresAt, now.value)}` : ""}
            </span>
            <Revoke
              onRevoke={() => attempt(() => call(`/tokens/${token.id}`, { method: "DELETE" }))}
            />
          </li>
        ))}
      </ul>
      {tokens.value?.length === 0 && <p class="t-c">No tokens yet.</p>}
    </main>
  );
}

function ShownOnce({ token }: { token: string }) {
  const copy = () =>
    navigator.clipboard.writeText(token).then(
      () => tell("The token is copied"),
      () => tell("The browser did not allow copying", "fail"),
    );
  return (
    <p class="shown-once" role="status">
      This is shown once: <code>{token}</code>{" "}
      <button type="button" onClick={() => void copy()}>
        [copy]
      </button>
    </p>
  );
}

/** Asks once more: programs stop working at once. */
function Revoke({ onRevoke }: { onRevoke: () => Promise<void> }) {
  const isSure = useSignal(false);
  return (
    <button
      type="button"
      class={isSure.value ? "stop" : ""}
      onBlur={() => {
        isSure.value = false;
      }}
      onClick={() => {
        if (isSure.value) void onRevoke();
        else isSure.value = true;
      }}
    >
      {isSure.value ? "Really revoke?" : "Revoke"}
    </button>
  );
}
