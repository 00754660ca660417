// The editor's work on one ticker: its fields, the draft, saving with a version, trying. No drawing here.

import { batch, computed, signal } from "@preact/signals";
import { pathOf } from "../address.ts";
import { call, Problem, reasonOf } from "../api.ts";
import { serverNow } from "../clock.ts";
import { tell } from "../notice.ts";
import { go } from "../router.ts";
import { hearTiles, keyOf } from "../tiles.ts";
import type { RunView, TickerView, TryLine } from "../view.ts";
import type { Fault } from "./code.ts";
import { dropDraft, keepDraft, readDraft } from "./draft.ts";
import { bodyOf, type Form, formOf, patchOf, sameForm, scheduleOf } from "./form.ts";
import { previewOf } from "./schedule-box.tsx";
import { placeIn, tryScript } from "./try.ts";
import { NO_TRIAL, STOPPED, type Trial } from "./try-box.tsx";

const DRAFT_PAUSE_MS = 400;

export class Work {
  readonly form;
  readonly saved;
  /** Null: a new ticker. */
  readonly base;
  readonly draftAt = signal<number | null>(null);
  readonly trial = signal<Trial>(NO_TRIAL);
  readonly faults = signal<Fault[]>([]);
  readonly trouble = signal<string | null>(null);
  readonly conflict = signal<TickerView | null>(null);
  readonly isBusy = signal(false);
  readonly isChanged;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trial: AbortController | null = null;
  #zone: string;

  /** `base` null: a new ticker, begun as `start`. */
  constructor(base: TickerView | null, start: Form, zone: string) {
    this.#zone = zone;
    this.base = signal(base);
    this.saved = signal(start);
    const draft = readDraft(base?.id ?? null);
    this.form = signal(draft ? { ...start, ...draft.form } : start);
    this.isChanged = computed(() => !sameForm(this.form.value, this.saved.value));
    if (draft && this.isChanged.value) this.draftAt.value = draft.savedAt;
  }

  change(change: Partial<Form>) {
    this.form.value = { ...this.form.value, ...change };
    this.trouble.value = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), DRAFT_PAUSE_MS);
  }

  #keep() {
    const id = this.base.value?.id ?? null;
    if (!this.isChanged.value) {
      dropDraft(id);
      this.draftAt.value = null;
      return;
    }
    const savedAt = serverNow();
    const revision = this.base.value?.revision ?? null;
    if (keepDraft(id, { form: this.form.value, revision, savedAt })) this.draftAt.value = savedAt;
  }

  /** Back to what is saved; undone by one click. */
  discard() {
    const lost = this.form.value;
    clearTimeout(this.#timer);
    dropDraft(this.base.value?.id ?? null);
    batch(() => {
      this.form.value = this.saved.value;
      this.draftAt.value = null;
      this.faults.value = [];
    });
    tell("The draft is gone", "info", () => this.change(lost));
  }

  async try() {
    this.#trial?.abort();
    const control = new AbortController();
    this.#trial = control;
    this.trial.value = { ...NO_TRIAL, isRunning: true };
    this.faults.value = [];
    // Shown once a frame, however many lines a script prints in it.
    const lines: TryLine[] = [];
    let frame = 0;
    const show = (change: Partial<Trial> = {}) => {
      frame = 0;
      if (this.#trial === control)
        this.trial.value = { ...this.trial.value, lines: [...lines], ...change };
    };
    const end: Partial<Trial> = { isRunning: false };
    try {
      const id = this.base.value?.id ?? null;
      for await (const line of tryScript(this.form.value, id, control.signal)) {
        if (line.kind === "result") end.result = line;
        else lines.push(line);
        frame ||= requestAnimationFrame(() => show());
      }
    } catch (error) {
      if (this.#trial === control) this.#mark(error);
      end.trouble = control.signal.aborted ? STOPPED : reasonOf(error);
    }
    cancelAnimationFrame(frame);
    show(end);
    if (this.#trial !== control) return;
    const failure = this.trial.value.result?.error;
    if (failure?.line) this.#fault(failure.line, failure.column ?? null, failure.message);
  }

  /** Ends the dry run under way. */
  stopTrial() {
    this.#trial?.abort();
  }

  /** Ends a dry run under way; the editor is left. */
  leave() {
    const trial = this.#trial;
    this.#trial = null;
    trial?.abort();
    clearTimeout(this.#timer);
    if (this.isChanged.value) this.#keep();
  }

  async save(revision = this.base.value?.revision) {
    if (this.isBusy.value) return;
    this.isBusy.value = true;
    this.trouble.value = null;
    try {
      const form = this.form.value;
      const schedule = scheduleOf(form, (await previewOf(form)).schedule);
      const base = this.base.value;
      const view = base
        ? await call<TickerView>(`/tickers/${base.id}`, {
            method: "PATCH",
            headers: { "if-match": `"${revision}"` },
            body: patchOf(form, schedule, base),
          })
        : await call<TickerView>("/tickers", { method: "POST", body: bodyOf(form, schedule) });
      this.#saved(view, base === null);
    } catch (error) {
      if (error instanceof Problem && error.body.code === "conflict" && error.body.current)
        this.conflict.value = error.body.current;
      else {
        this.trouble.value = reasonOf(error);
        this.#mark(error);
      }
    }
    this.isBusy.value = false;
  }

  #saved(view: TickerView, isNew: boolean) {
    clearTimeout(this.#timer);
    dropDraft(isNew ? null : view.id);
    hearTiles([view.tile]);
    batch(() => {
      const form = formOf(view, this.#zone);
      this.base.value = view;
      this.saved.value = form;
      this.form.value = form;
      this.draftAt.value = null;
      this.conflict.value = null;
      this.faults.value = [];
    });
    tell(`${view.name} is saved as v${view.revision}`);
    if (isNew) go(pathOf({ page: "ticker", key: keyOf(view) }));
  }

  /** Someone else's version becomes the base; mine stays in the editor, or goes. */
  resolve(choice: "theirs" | "mine" | "back") {
    const theirs = this.conflict.value;
    if (!theirs) return;
    if (choice === "mine") {
      void this.save(theirs.revision);
      return;
    }
    const mine = this.form.value;
    batch(() => {
      this.conflict.value = null;
      if (choice === "back") return;
      this.base.value = theirs;
      this.saved.value = formOf(theirs, this.#zone);
      this.form.value = this.saved.value;
      this.draftAt.value = null;
    });
    if (choice === "theirs") {
      dropDraft(theirs.id);
      tell(`v${theirs.revision} is in the editor`, "info", () => this.change(mine));
    }
  }

  /** Underlines where the newest failed run of this version broke. */
  async markLastFailure() {
    const base = this.base.value;
    if (!base || base.tile.failuresInRow === 0) return;
    try {
      const run = await call<RunView>(`/tickers/${base.id}/runs/last-failed?limit=1`);
      if (run.revision !== base.revision || !run.error?.line || this.isChanged.value) return;
      this.#fault(run.error.line, run.error.column ?? null, run.error.message);
    } catch {
      // No failed run is kept: nothing to underline.
    }
  }

  #mark(error: unknown) {
    if (!(error instanceof Problem)) return;
    for (const { path, message } of error.body.issues ?? []) {
      const place = path.startsWith("script") ? placeIn(message) : null;
      if (place) this.#fault(place.line, place.column, message);
    }
  }

  #fault(line: number, column: number | null, message: string) {
    this.faults.value = [{ line, column, message }];
  }
}
