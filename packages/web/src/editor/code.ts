// The code editor: CodeMirror in the eight colours. It lives in a shadow root, because there it keeps its
// styles in a constructed sheet, which the Content-Security-Policy allows; a style tag it would not.

import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { OFFERS } from "./completions.ts";

export type Fault = { line: number; column: number | null; message: string };
export type CodeEditor = {
  /** Replaces the whole text, unless it is the same. */
  setText(text: string): void;
  /** Underlines these places and no others. */
  setFaults(faults: Fault[]): void;
  focus(): void;
  destroy(): void;
};
type Events = { onChange: (text: string) => void; onTry: () => void; onSave: () => void };

/** Fills `host` with an editor. */
export function openEditor(host: HTMLElement, text: string, events: Events): CodeEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: text, extensions: extensionsFor(events) }),
  });
  return {
    setText(next) {
      if (next === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    setFaults(faults) {
      view.dispatch(setDiagnostics(view.state, faults.map(diagnosticIn(view.state))));
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function extensionsFor(events: Events) {
  const handled = (act: () => void) => () => {
    act();
    return true;
  };
  return [
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run: handled(events.onTry) },
        { key: "Mod-s", run: handled(events.onSave) },
      ]),
    ),
    lineNumbers(),
    lintGutter(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    autocompletion({ override: [complete] }),
    javascript({ typescript: true }),
    syntaxHighlighting(COLOURS),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      "aria-label": "Code. Escape, then Tab, leaves the editor.",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) events.onChange(update.state.doc.toString());
    }),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    THEME,
  ];
}

function diagnosticIn(state: EditorState) {
  return ({ line, column, message }: Fault): Diagnostic => {
    const place = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
    const from = Math.min(place.to, place.from + Math.max(0, (column ?? 1) - 1));
    const word = state.wordAt(from);
    const to = word ? word.to : column === null ? place.to : Math.min(place.to, from + 1);
    return { from: column === null ? place.from : from, to, severity: "error", message };
  };
}

function complete(context: CompletionContext): CompletionResult | null {
  const member = context.matchBefore(/\b(\w+)\.\w*$/);
  const owner = member?.text.split(".")[0] ?? "";
  const word = context.matchBefore(/\w+$/);
  const offers = member ? OFFERS.members.get(owner) : OFFERS.globals;
  if (!offers || (!member && !word && !context.explicit)) return null;
  return {
    from: member ? member.from + owner.length + 1 : (word?.from ?? context.pos),
    validFor: /^\w*$/,
    options: offers.map(({ label, detail, info, isFunction }) => ({
      label,
      detail,
      info,
      type: isFunction ? "function" : "variable",
    })),
  };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--c)" },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], color: "var(--g)" },
  { tag: [tags.comment], color: "#b8b8b8" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.className],
    color: "var(--y)",
  },
  { tag: [tags.number, tags.bool, tags.null, tags.typeName, tags.atom], color: "var(--m)" },
  { tag: tags.invalid, color: "var(--r)" },
]);

const THEME = EditorView.theme(
  {
    "&": {
      height: "100%",
      fontSize: "var(--code)",
      color: "var(--w)",
      backgroundColor: "var(--k)",
    },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--font)", lineHeight: "1.4", scrollbarColor: "#00f #000" },
    ".cm-content": { caretColor: "var(--y)", padding: "6px 0" },
    ".cm-gutters": { backgroundColor: "var(--k)", color: "var(--c)", border: "0" },
    ".cm-lineNumbers .cm-gutterElement": { padding: "0 1ch 0 0", minWidth: "3ch" },
    ".cm-gutter-lint": { width: "1ch" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "#00006a", color: "inherit" },
    ".cm-selectionBackground, ::selection": { backgroundColor: "#00f !important" },
    ".cm-selectionMatch": { backgroundColor: "#4a4a00" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--c)", color: "#000" },
    ".cm-lintRange-error": {
      backgroundImage: "none",
      textDecoration: "underline wavy var(--r)",
      backgroundColor: "#3a0000",
    },
    ".cm-lint-marker-error": { content: "'✗'", color: "var(--r)" },
    ".cm-tooltip": { backgroundColor: "#00006a", color: "#fff", border: "1px solid var(--c)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--c)",
      color: "#000",
    },
    ".cm-completionDetail": { color: "inherit", fontStyle: "normal" },
    ".cm-completionIcon": { display: "none" },
    ".cm-completionInfo": { maxWidth: "40ch", whiteSpace: "pre-wrap" },
    ".cm-diagnostic-error": { borderLeft: "5px solid var(--r)" },
    ".cm-panels": { backgroundColor: "#00006a", color: "#fff" },
    ".cm-textfield, .cm-button": {
      backgroundColor: "#fff",
      backgroundImage: "none",
      color: "#000",
      border: "0",
      fontFamily: "var(--font)",
    },
  },
  { dark: true },
);
