// P192: tokens for programs. A token's text is shown once, right after it was made.

import { useSignal } from "@preact/signals";
import { call } from "../api.ts";
import { now } from "../clock.ts";
import { tell } from "../notice.ts";
import type { TokenView } from "../view.ts";
import { whenWord } from "../words.ts";
import { NamedListPage, Sure, TextField, useNamedList } from "./named-list.tsx";

export function TokensPage() {
  const list = useNamedList<TokenView>("/tokens");
  const shown = useSignal<string | null>(null);
  const name = useSignal("");
  const mayWrite = useSignal(true);
  const create = () =>
    list.attempt(async () => {
      const scopes = mayWrite.value ? ["read", "write"] : ["read"];
      const body = { name: name.value.trim(), scopes };
      const made = await call<TokenView & { token: string }>("/tokens", { method: "POST", body });
      shown.value = made.token;
      name.value = "";
    });
  return (
    <NamedListPage
      number={192}
      name="Tokens"
      says="for programs that call the API"
      beside={[
        { colour: "g", label: "Secrets", href: "/194" },
        { colour: "y", label: "API docs", act: () => location.assign("/docs") },
      ]}
      list={list}
      isReady={name.value.trim() !== ""}
      onSubmit={() => void create()}
      submit="Create"
      fields={
        <>
          <TextField
            id="tokenname"
            label="New token for"
            placeholder="laptop, deploy ..."
            value={name}
          />
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
        </>
      }
      news={shown.value && <ShownOnce token={shown.value} />}
      row={(token) => ({
        key: token.id,
        name: token.name,
        says: (
          <>
            <span>{token.scopes.join(" and ")}</span>
            <span class="t-c">
              made {whenWord(token.createdAt, now.value)},{" "}
              {token.lastUsedAt ? `used ${whenWord(token.lastUsedAt, now.value)}` : "never used"}
              {token.expiresAt ? `, until ${whenWord(token.expiresAt, now.value)}` : ""}
            </span>
          </>
        ),
        end: (
          <Sure
            word="Revoke"
            onSure={() => list.attempt(() => call(`/tokens/${token.id}`, { method: "DELETE" }))}
          />
        ),
      })}
    />
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
