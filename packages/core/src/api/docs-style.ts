// The documentation's looks: teletext's black and colours, at sizes people read.

export const DOCS_CSS = `:root { color-scheme: dark; }
* { box-sizing: border-box; }
html { background: #000; color: #fff; font: 16px/1.5 ui-monospace, "Cascadia Mono", Menlo, monospace; }
body { margin: 0 auto; padding: 0 1rem 4rem; max-width: 72rem; }
a { color: #0ff; }
a:focus-visible, summary:focus-visible, pre:focus-visible { background: #ff0; color: #000; outline: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; }
.row0 { display: flex; gap: 2ch; padding: .5rem 0; }
.row0 b { color: #0f0; }
h1, h2 { margin: 2rem 0 1rem; padding: .25rem .5rem; background: #00f; color: #ff0; font-size: 1.25rem; }
h3 { margin: 2rem 0 .5rem; color: #0f0; font-size: 1.1rem; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 .25rem; color: #ff0; font-size: 1rem; }
nav ul { columns: 18rem; margin: 0; padding: 0; list-style: none; }
code { color: #ff0; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .75rem; border-left: .5rem solid #00f; background: #111; overflow-x: auto; }
pre code { overflow-wrap: normal; }
.method { padding: 0 .5ch; background: #0f0; color: #000; }
.method.post, .method.put { background: #ff0; }
.method.patch { background: #0ff; }
.method.delete { background: #c80000; color: #fff; }
.open { color: #f5f; }
table { border-collapse: collapse; width: 100%; }
th { color: #0ff; font-weight: normal; text-align: left; }
th, td { padding: .15rem 1ch .15rem 0; vertical-align: top; }
@media (max-width: 48rem) { table { font-size: .8rem; } td code, td:nth-child(2) { overflow-wrap: anywhere; } }
@media (min-width: 48rem) { td:first-child { white-space: nowrap; } }
`;
