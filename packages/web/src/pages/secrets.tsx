// P194: secrets that scripts read by name. Values go in and never come out.

import { useSignal } from "@preact/signals";
import { call } from "../api.ts";
import { now } from "../clock.ts";
import { tell } from "../notice.ts";
import { whenWord } from "../words.ts";
import { NamedListPage, Sure, TextField, useNamedList } from "./named-list.tsx";

type SecretView = { name: string; updatedAt: number };

export function SecretsPage() {
  const list = useNamedList<SecretView>("/secrets");
  const name = useSignal("");
  const value = useSignal("");
  const keep = () =>
    list.attempt(async () => {
      const body = { value: value.value };
      await call(`/secrets/${encodeURIComponent(name.value)}`, { method: "PUT", body });
      tell(`${name.value} is kept; scripts read it as secret("${name.value}")`);
      name.value = "";
      value.value = "";
    });
  return (
    <NamedListPage
      number={194}
      name="Secrets"
      says="masked wherever a script would print them"
      beside={[
        { colour: "g", label: "Tokens", href: "/192" },
        { colour: "y", label: "A-Z 199", href: "/199" },
      ]}
      list={list}
      isReady={name.value !== "" && value.value !== ""}
      onSubmit={() => void keep()}
      submit="Keep"
      fields={
        <>
          <TextField
            id="secretname"
            label="Name"
            placeholder="SMTP_KEY"
            value={name}
            change={(text) => text.toUpperCase()}
          />
          <TextField id="secretvalue" label="Value" value={value} isHidden />
        </>
      }
      row={(secret) => ({
        key: secret.name,
        name: secret.name,
        says: <span class="t-c">set {whenWord(secret.updatedAt, now.value)}</span>,
        end: (
          <Sure
            word="Delete"
            onSure={() =>
              list.attempt(() =>
                call(`/secrets/${encodeURIComponent(secret.name)}`, { method: "DELETE" }),
              )
            }
          />
        ),
      })}
    />
  );
}
