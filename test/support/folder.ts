// A folder of its own for a test that needs files.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new empty folder; the test removes it. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "ticker-test-"));
