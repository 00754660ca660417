// The way in: a one-time link (its secret stands after the #, so it never reaches a log), a password or a token.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { reasonOf } from "../api.ts";
import { LOGO } from "../logo.ts";
import { Mosaic } from "../mosaic.tsx";
import { hash, route } from "../router.ts";
import { account, signIn } from "../service.ts";
import { usePage } from "../shell.tsx";

export function SignInPage() {
  const trouble = useSignal<string | null>(null);
  const secret = useSignal("");
  const isBusy = useSignal(false);
  usePage("Sign in - Ticker", []);
  const enter = async (proof: Parameters<typeof signIn>[0]) => {
    isBusy.value = true;
    trouble.value = null;
    try {
      await signIn(proof);
    } catch (error) {
      trouble.value = reasonOf(error);
    }
    isBusy.value = false;
  };
  useEffect(() => {
    const link = route.value.page === "sign-in" ? hash.value : "";
    if (!link) return;
    history.replaceState(null, "", "/sign-in");
    hash.value = "";
    void enter({ link });
  }, [hash.value]);
  return (
    <main id="main" class="plainpage signin">
      <h1 class="logo" aria-label="Ticker">
        <Mosaic rows={LOGO} tone="y" />
      </h1>
      {account.value ? (
        <p>
          Signed in as {account.value.name}. <a href="/">Go to the index</a>
        </p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const text = secret.value.trim();
            void enter(text.startsWith("tkr_") ? { token: text } : { password: text });
          }}
        >
          <h2 class="bar-c">Sign in</h2>
          <p>
            Open the sign-in link that Ticker printed when it started, or give a password or a
            token.
          </p>
          <div class="fld">
            <label for="secret">Password or token</label>
            <span class="inp">
              <input
                id="secret"
                type="password"
                autocomplete="current-password"
                value={secret.value}
                onInput={(event) => {
                  secret.value = event.currentTarget.value;
                }}
              />
            </span>
          </div>
          {trouble.value && (
            <p role="alert" class="trouble">
              ✗ {trouble.value}
            </p>
          )}
          <button
            type="submit"
            class="big go"
            disabled={isBusy.value || secret.value.trim() === ""}
          >
            ▶ SIGN IN
          </button>
        </form>
      )}
    </main>
  );
}
