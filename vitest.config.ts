import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Two cores: more files at once only make the timings of real processes worse.
    maxWorkers: 2,
    // On a machine that others use too, a real browser or process may once be starved; Vitest names every
    // test that needed its second try.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  },
});
