// Chooses the page for the address. The editor and the settings pages come when they are first asked for.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { pathOf, type Route } from "./address.ts";
import { FailuresPage } from "./pages/failures.tsx";
import { IndexPage } from "./pages/index.tsx";
import { KillallPage } from "./pages/killall.tsx";
import { MissingPage } from "./pages/missing.tsx";
import { NextPage } from "./pages/next.tsx";
import { RunPage } from "./pages/run.tsx";
import { RunningPage } from "./pages/running.tsx";
import { RunsPage } from "./pages/runs.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { TickerPage } from "./pages/ticker.tsx";
import { route } from "./router.ts";
import { account } from "./service.ts";
import { FastextBar, Header, Notices, StaleBanner } from "./shell.tsx";

/** The whole console. */
export function App() {
  return (
    <>
      <a class="skip" href="#main">
        Skip to page
      </a>
      <Header />
      <StaleBanner />
      {account.value === undefined ? <Waiting /> : <Page route={route.value} />}
      <Notices />
      <FastextBar />
    </>
  );
}

function Waiting() {
  return (
    <main id="main" class="plainpage">
      <p class="t-c">Tuning in ...</p>
    </main>
  );
}

function Page({ route: shown }: { route: Route }) {
  const key = pathOf(shown);
  if (account.value === null) return <SignInPage />;
  switch (shown.page) {
    case "index":
      return <IndexPage />;
    case "ticker":
      return <TickerPage key={key} address={shown.key} />;
    case "run":
      return <RunPage key={key} address={shown.key} run={shown.run} />;
    case "runs":
      return <RunsPage key={key} address={shown.key} />;
    case "running":
      return <RunningPage />;
    case "failures":
      return <FailuresPage />;
    case "killall":
      return <KillallPage />;
    case "next":
      return <NextPage />;
    case "new":
      return <Later key={key} load={editor} address={null} />;
    case "edit":
      return <Later key={key} load={editor} address={shown.key} />;
    case "missing":
      return <MissingPage path={shown.path} />;
    default:
      return <Later key={key} load={settings} page={shown.page} />;
  }
}

const editor = () => import("./pages/editor.tsx").then((module) => module.EditorPage);
const settings = () => import("./pages/settings.tsx").then((module) => module.SettingsPage);

/** A page that is loaded when it is first shown. */
function Later<Props extends object>(props: { load: () => Promise<ComponentType<Props>> } & Props) {
  const [Found, setFound] = useState<ComponentType<Props> | null>(null);
  const [trouble, setTrouble] = useState(false);
  useEffect(() => {
    props.load().then(
      (found) => setFound(() => found),
      () => setTrouble(true),
    );
  }, []);
  if (Found) return <Found {...props} />;
  return (
    <main id="main" class="plainpage">
      {trouble ? (
        <p role="alert" class="t-r">
          This page could not be loaded. Ticker may have been updated: reload to go on.
        </p>
      ) : (
        <p class="t-c">Tuning in ...</p>
      )}
    </main>
  );
}
