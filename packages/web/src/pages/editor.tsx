// P101 and /203/edit: code, schedule and dry run beside each other; on a phone three subpages.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { pathOf } from "../address.ts";
import { call, reasonOf } from "../api.ts";
import type { CodeEditor } from "../editor/code.ts";
import { Conflict, Diff } from "../editor/compare.tsx";
import { describeForm, formOf, formOfExample } from "../editor/form.ts";
import { PolicyBox } from "../editor/policy-box.tsx";
import { ScheduleBox } from "../editor/schedule-box.tsx";
import { TryBox } from "../editor/try-box.tsx";
import { Work } from "../editor/work.ts";
import { EXAMPLES, type Example } from "../examples.ts";
import { bindKeys, type Fastext } from "../keys.ts";
import { go } from "../router.ts";
import { Title, usePage } from "../shell.tsx";
import { hasTiles, keyOf, tiles } from "../tiles.ts";
import type { TickerView } from "../view.ts";
import { clockWord } from "../words.ts";
import { MissingPage } from "./missing.tsx";

const SUBPAGES = ["Code", "Schedule", "Try it"];

export function EditorPage({ address }: { address: string | null }) {
  const base = useSignal<TickerView | null>(null);
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    if (address === null) return;
    call<TickerView>(`/tickers/${encodeURIComponent(address)}`).then(
      (view) => {
        base.value = view;
      },
      (error) => {
        trouble.value = reasonOf(error);
      },
    );
  }, [address]);
  if (trouble.value) return <MissingPage path={`/${address}/edit`} because={trouble.value} />;
  // A new one waits for the names that are taken.
  if (address === null ? !hasTiles.value : !base.value) return <main id="main" class="ped" />;
  return <Workbench base={base.value} />;
}

function Workbench({ base }: { base: TickerView | null }) {
  const work = useMemo(() => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const first = EXAMPLES[0] as Example;
    return new Work(
      base,
      base ? formOf(base, zone) : formOfExample(first, zone, namesTaken()),
      zone,
    );
  }, [base]);
  const subpage = useSignal(1);
  const isComparing = useSignal(false);
  const goTry = () => {
    subpage.value = 3;
    void work.try();
  };
  useEffect(() => {
    void work.markLastFailure();
    const unbind = bindKeys({ "ctrl+s": () => void work.save(), "ctrl+Enter": goTry });
    return () => {
      unbind();
      work.leave();
    };
  }, [work]);
  const view = work.base.value;
  const key = view ? keyOf(view) : "";
  const name = view ? `Edit ${view.page ?? ""} ${view.name}` : "New ticker";
  usePage(`${name} - Ticker`, fastextOf(work, goTry, isComparing));
  return (
    <main id="main" class="ped" data-sub={subpage.value}>
      <Title
        crumbs={
          view
            ? [
                ["100 Index", "/"],
                [`${view.page ?? ""} ${view.name}`, pathOf({ page: "ticker", key })],
              ]
            : [["100 Index", "/"]]
        }
        name={name}
      >
        <DraftChip work={work} />
        {view && (
          <span class="sub wide">
            v{view.revision}
            {work.isChanged.value ? ` → v${view.revision + 1}` : ""}
          </span>
        )}
      </Title>
      <Subpages current={subpage.value} choose={(number) => (subpage.value = number)} />
      {work.conflict.value && <ConflictOf work={work} theirs={work.conflict.value} />}
      {isComparing.value && view && (
        <section class="conflict" aria-label="Changes">
          <h2>What would change in v{view.revision + 1}</h2>
          <Diff before={describeForm(work.saved.value)} after={describeForm(work.form.value)} />
        </section>
      )}
      <CodePane work={work} onTry={goTry} isNew={view === null} />
      <TryBox trial={work.trial.value} onTry={goTry} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a column that scrolls must be reachable by keys */}
      <aside class="side" id="schedule" aria-label="Schedule and policy" tabIndex={0}>
        {work.trouble.value && (
          <p class="trouble" role="alert">
            ✗ Not saved: {work.trouble.value}
          </p>
        )}
        <ScheduleBox form={work.form.value} change={(change) => work.change(change)} />
        <PolicyBox form={work.form.value} change={(change) => work.change(change)} />
      </aside>
    </main>
  );
}

function fastextOf(work: Work, goTry: () => void, isComparing: { value: boolean }): Fastext[] {
  const base = work.base.value;
  const discard = () => {
    if (work.isChanged.value) work.discard();
    else if (base) go(pathOf({ page: "ticker", key: keyOf(base) }));
    else go("/");
  };
  const compare = () => {
    isComparing.value = !isComparing.value;
  };
  const next = base ? `Save v${base.revision + 1}` : "Create";
  return [
    { colour: "r", label: work.isChanged.value ? "Discard" : "Back", act: discard },
    work.trial.value.isRunning
      ? { colour: "g", label: "Stop trying", act: () => work.stopTrial() }
      : { colour: "g", label: "Try it", act: goTry },
    base
      ? { colour: "y", label: `Diff v${base.revision}`, act: compare }
      : { colour: "y", label: "Keys 199", href: "/199" },
    { colour: "c", label: next, act: () => void work.save() },
  ];
}

function DraftChip({ work }: { work: Work }) {
  if (!work.isChanged.value) return <span class="t-c">{work.base.value ? "as saved" : ""}</span>;
  return (
    <>
      <span class="chip draft">DRAFT</span>
      <span class="t-c" role="status">
        {work.draftAt.value ? `saved in this browser ${clockWord(work.draftAt.value)}` : "..."}
      </span>
    </>
  );
}

function Subpages({ current, choose }: { current: number; choose: (number: number) => void }) {
  return (
    <div class="subs" role="tablist" aria-label="Subpages">
      {SUBPAGES.map((name, i) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={current === i + 1}
          onClick={() => choose(i + 1)}
        >
          {i + 1} {name}
        </button>
      ))}
    </div>
  );
}

function ConflictOf({ work, theirs }: { work: Work; theirs: TickerView }) {
  return (
    <Conflict
      theirs={describeForm(formOf(theirs, work.form.value.zone))}
      mine={describeForm(work.form.value)}
      revision={theirs.revision}
      onTheirs={() => work.resolve("theirs")}
      onMine={() => work.resolve("mine")}
      onBack={() => work.resolve("back")}
    />
  );
}

function CodePane({ work, onTry, isNew }: { work: Work; onTry: () => void; isNew: boolean }) {
  const form = work.form.value;
  const [fault] = work.faults.value;
  return (
    <section class="code" aria-label="Code">
      <div class="ctool">
        <label for="name">name</label>
        <input
          id="name"
          class="name"
          value={form.name}
          size={Math.max(12, form.name.length + 1)}
          spellcheck={false}
          autocomplete="off"
          maxLength={64}
          onInput={(event) => work.change({ name: event.currentTarget.value })}
        />
        {isNew && <ExamplePicker work={work} />}
        <Language work={work} />
        <span class="sp" />
        {fault ? (
          <span class="t-y">✗ line {fault.line}</span>
        ) : (
          work.trial.value.result?.outcome === "succeeded" && <span class="t-g">✓ runs</span>
        )}
      </div>
      <CodeArea work={work} onTry={onTry} />
    </section>
  );
}

const namesTaken = () => new Set(tiles.peek().map((tile) => tile.peek().name));

function ExamplePicker({ work }: { work: Work }) {
  return (
    <label>
      <span class="wide">start from </span>
      <select
        aria-label="Start from an example"
        onChange={(event) => {
          const example = EXAMPLES[event.currentTarget.selectedIndex];
          if (example) work.change(formOfExample(example, work.form.value.zone, namesTaken()));
        }}
      >
        {EXAMPLES.map(({ name, title }) => (
          <option key={name}>{title}</option>
        ))}
      </select>
    </label>
  );
}

function Language({ work }: { work: Work }): ComponentChildren {
  const { language } = work.form.value;
  return (
    <button
      type="button"
      class="t-w"
      title="Change the language"
      onClick={() =>
        work.change({ language: language === "typescript" ? "javascript" : "typescript" })
      }
    >
      {language === "typescript" ? "main.ts" : "main.js"}
    </button>
  );
}

function CodeArea({ work, onTry }: { work: Work; onTry: () => void }) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useSignal<CodeEditor | null>(null);
  const hasFailed = useSignal(false);
  useEffect(() => {
    let isGone = false;
    import("../editor/code.ts").then(
      ({ openEditor }) => {
        if (isGone || !host.current) return;
        editor.value = openEditor(host.current, work.form.value.source, {
          onChange: (source) => source !== work.form.value.source && work.change({ source }),
          onTry,
          onSave: () => void work.save(),
        });
        // Whoever is already writing somewhere else must not be pulled away.
        if (document.activeElement === document.body) editor.value.focus();
      },
      () => {
        hasFailed.value = true;
      },
    );
    return () => {
      isGone = true;
      editor.value?.destroy();
    };
  }, [work]);
  const { source } = work.form.value;
  // The newest text, not the one of this drawing: typing may have gone on, and must not be taken back.
  useEffect(() => editor.value?.setText(work.form.peek().source), [editor.value, source]);
  useEffect(() => editor.value?.setFaults(work.faults.value), [editor.value, work.faults.value]);
  if (hasFailed.value)
    return (
      <textarea
        class="cm"
        aria-label="Code"
        spellcheck={false}
        value={source}
        onInput={(event) => work.change({ source: event.currentTarget.value })}
      />
    );
  return (
    <div class="cm">
      <div ref={host} />
    </div>
  );
}
