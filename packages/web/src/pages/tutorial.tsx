// P100 before there is any ticker: examples that are really created by one click.

import { useSignal } from "@preact/signals";
import { call, reasonOf } from "../api.ts";
import { EXAMPLES, type Example } from "../examples.ts";
import { tell } from "../notice.ts";
import { go } from "../router.ts";
import { hearTiles, keyOf } from "../tiles.ts";
import type { Preview, TickerView } from "../view.ts";

export function Tutorial() {
  const busy = useSignal<string | null>(null);
  const create = async (example: Example) => {
    busy.value = example.name;
    try {
      const view = await createExample(example);
      hearTiles([view.tile]);
      go(`/${keyOf(view)}`);
    } catch (error) {
      tell(`${example.title} could not be created: ${reasonOf(error)}`, "fail");
    }
    busy.value = null;
  };
  return (
    <section class="tutorial" aria-label="First steps">
      <p>
        Nothing here yet. A <b class="t-y">ticker</b> is a small script with a schedule; what it
        prints shows up here while it prints. Take one of these, they really run, or{" "}
        <a class="t-c" href="/101">
          write your own on P101
        </a>
        .
      </p>
      <div class="tiles">
        {EXAMPLES.map((example) => (
          <article key={example.name} class="tile once">
            <h2>
              <span>{example.title}</span>
            </h2>
            <div class="tb">
              <pre class="out" aria-hidden="true">
                {example.source.split("\n").slice(1, 4).join("\n").trim()}
              </pre>
            </div>
            <div class="tf">
              <span class="sched">{example.says}</span>
              <button
                type="button"
                class="go"
                disabled={busy.value !== null}
                aria-label={`Run it: ${example.title}`}
                onClick={() => void create(example)}
              >
                {busy.value === example.name ? "..." : "▶ Run it"}
              </button>
            </div>
          </article>
        ))}
      </div>
    </section>
  );
}

async function createExample(example: Example): Promise<TickerView> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { schedule } = await call<Preview>("/schedule/preview", {
    method: "POST",
    body: { text: example.schedule, zone },
  });
  return call<TickerView>("/tickers", {
    method: "POST",
    body: {
      name: example.name,
      script: { language: "typescript", source: example.source },
      schedule,
    },
  });
}
