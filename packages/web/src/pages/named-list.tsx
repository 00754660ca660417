// What tokens and secrets have in common: named things of the account that are listed, made and taken away.

import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { call, reasonOf } from "../api.ts";
import type { Fastext } from "../keys.ts";
import { Title, usePage } from "../shell.tsx";

export type NamedList<Item> = {
  /** Null until it was read. */
  items: Item[] | null;
  trouble: string | null;
  /** Changes something and reads the list again; a refusal is shown. */
  attempt: (act: () => Promise<unknown>) => Promise<void>;
};

/** The list at a path of the API. */
export function useNamedList<Item>(path: string): NamedList<Item> {
  const items = useSignal<Item[] | null>(null);
  const trouble = useSignal<string | null>(null);
  const attempt = async (act: () => Promise<unknown>) => {
    trouble.value = null;
    try {
      await act();
      items.value = (await call<{ items: Item[] }>(path)).items;
    } catch (error) {
      trouble.value = reasonOf(error);
    }
  };
  useEffect(() => void attempt(async () => {}), []);
  return { items: items.value, trouble: trouble.value, attempt };
}

/** The page of such a list: the form that makes one, then a row each. */
export function NamedListPage<Item>(props: {
  number: number;
  name: string;
  says: string;
  beside: [Fastext, Fastext];
  list: NamedList<Item>;
  isReady: boolean;
  onSubmit: () => void;
  submit: string;
  fields: ComponentChildren;
  news?: ComponentChildren;
  row: (item: Item) => {
    key: string;
    name: string;
    says: ComponentChildren;
    end: ComponentChildren;
  };
}) {
  const { number, name, list } = props;
  usePage(`P${number} ${name} - Ticker`, [
    { colour: "r", label: "Settings", href: "/190" },
    ...props.beside,
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title
        crumbs={[
          ["100 Index", "/"],
          ["190 Settings", "/190"],
        ]}
        name={name}
      >
        <span class="t-c">{props.says}</span>
      </Title>
      <form
        class="fld"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {props.fields}
        <button type="submit" class="go" disabled={!props.isReady}>
          {props.submit}
        </button>
      </form>
      {list.trouble && (
        <p class="trouble" role="alert">
          ✗ {list.trouble}
        </p>
      )}
      {props.news}
      <ul class="open">
        {list.items?.map(props.row).map((row) => (
          <li key={row.key}>
            <span class="t-y">{row.name}</span>
            {row.says}
            {row.end}
          </li>
        ))}
      </ul>
      {list.items?.length === 0 && <p class="t-c">No {name.toLowerCase()} yet.</p>}
    </main>
  );
}

/** One line to fill in. */
export function TextField(props: {
  id: string;
  label: string;
  value: Signal<string>;
  placeholder?: string;
  isHidden?: boolean;
  change?: (text: string) => string;
}) {
  const { id, value, change } = props;
  const shared = {
    id,
    autocomplete: "off",
    value: value.value,
    onInput: (event: { currentTarget: HTMLInputElement }) => {
      const text = event.currentTarget.value;
      value.value = change ? change(text) : text;
    },
  } as const;
  return (
    <>
      <label for={id}>{props.label}</label>
      <span class="inp">
        {props.isHidden ? (
          <input {...shared} type="password" />
        ) : (
          <input {...shared} maxLength={64} placeholder={props.placeholder} />
        )}
      </span>
    </>
  );
}

/** A button that asks once more: what it takes away does not come back. */
export function Sure(props: { word: string; onSure: () => Promise<void> }) {
  const isSure = useSignal(false);
  return (
    <button
      type="button"
      class={isSure.value ? "stop" : ""}
      onBlur={() => {
        isSure.value = false;
      }}
      onClick={() => {
        if (isSure.value) void props.onSure();
        else isSure.value = true;
      }}
    >
      {isSure.value ? `Really ${props.word.toLowerCase()}?` : props.word}
    </button>
  );
}
