// P194: secrets that scripts read by name. Values go in and never come out.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, reasonOf } from "../api.ts";
import { now } from "../clock.ts";
import { tell } from "../notice.ts";
import { Title, usePage } from "../shell.tsx";
import { whenWord } from "../words.ts";

type SecretView = { name: string; updatedAt: number };

export function SecretsPage() {
  const secrets = useSignal<SecretView[] | null>(null);
  const name = useSignal("");
  const value = useSignal("");
  const trouble = useSignal<string | null>(null);
  const attempt = async (act: () => Promise<unknown>) => {
    trouble.value = null;
    try {
      await act();
      secrets.value = (await call<{ items: SecretView[] }>("/secrets")).items;
    } catch (error) {
      trouble.value = reasonOf(error);
    }
  };
  useEffect(() => void attempt(async () => {}), []);
  usePage("P194 Secrets - Ticker", [
    { colour: "r", label: "Settings", href: "/190" },
    { colour: "g", label: "Tokens", href: "/192" },
    { colour: "y", label: "A-Z 199", href: "/199" },
    { colour: "c", label: "Index", href: "/" },
  ]);
  const keep = () =>
    attempt(async () => {
      const body = { value: value.value };
      await call(`/secrets/${encodeURIComponent(name.value)}`, { method: "PUT", body });
      tell(`${name.value} is kept; scripts read it as secret("${name.value}")`);
      name.value = "";
      value.value = "";
    });
  return (
    <main id="main" class="plainpage">
      <Title
        crumbs={[
          ["100 Index", "/"],
          ["190 Settings", "/190"],
        ]}
        name="Secrets"
      >
        <span class="t-c">masked wherever a script would print them</span>
      </Title>
      <form
        class="fld"
        onSubmit={(event) => {
          event.preventDefault();
          void keep();
        }}
      >
        <label for="secretname">Name</label>
        <span class="inp">
          <input
            id="secretname"
            size={16}
            maxLength={64}
            placeholder="SMTP_KEY"
            autocomplete="off"
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value.toUpperCase();
            }}
          />
        </span>
        <label for="secretvalue">Value</label>
        <span class="inp">
          <input
            id="secretvalue"
            type="password"
            autocomplete="off"
            value={value.value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
            }}
          />
        </span>
        <button type="submit" class="go" disabled={!name.value || !value.value}>
          Keep
        </button>
      </form>
      {trouble.value && (
        <p class="trouble" role="alert">
          ✗ {trouble.value}
        </p>
      )}
      <ul class="open">
        {secrets.value?.map((secret) => (
          <li key={secret.name}>
            <span class="t-y">{secret.name}</span>
            <span class="t-c">set {whenWord(secret.updatedAt, now.value)}</span>
            <button
              type="button"
              onClick={() =>
                void attempt(() => call(`/secrets/${secret.name}`, { method: "DELETE" }))
              }
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
      {secrets.value?.length === 0 && <p class="t-c">No secrets yet.</p>}
    </main>
  );
}
