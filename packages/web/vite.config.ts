// Builds the console into `dist`. No plugin: Vite compiles Preact's JSX by itself. Nothing is inlined,
// because the console's Content-Security-Policy allows only files of its own origin.

import { defineConfig } from "vite";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:2030", ws: true } } },
});
