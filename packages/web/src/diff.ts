// The difference between two texts, line by line: the longest common subsequence, after what both ends
// share is set aside. Pure.

export type DiffLine = { kind: "same" | "add" | "del"; text: string };

/** Beyond this many cells of the table the middle is shown as all removed, all added. */
const CELLS_MAX = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end))
    end++;
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [
    ...a.slice(0, start).map(same),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ];
}

function middle(a: string[], b: string[]): DiffLine[] {
  const width = b.length + 1;
  if (a.length * b.length > CELLS_MAX) return replaced(a, b);
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (x: number, y: number) => longest[x * width + y] ?? 0;
  for (let x = a.length - 1; x >= 0; x--)
    for (let y = b.length - 1; y >= 0; y--)
      longest[x * width + y] =
        a[x] === b[y] ? at(x + 1, y + 1) + 1 : Math.max(at(x + 1, y), at(x, y + 1));
  const found: DiffLine[] = [];
  let [x, y] = [0, 0];
  while (x < a.length && y < b.length) {
    if (a[x] === b[y]) {
      found.push({ kind: "same", text: a[x] ?? "" });
      x++;
      y++;
    } else if (at(x + 1, y) >= at(x, y + 1)) found.push({ kind: "del", text: a[x++] ?? "" });
    else found.push({ kind: "add", text: b[y++] ?? "" });
  }
  return [...found, ...replaced(a.slice(x), b.slice(y))];
}

function replaced(a: string[], b: string[]): DiffLine[] {
  return [
    ...a.map((text): DiffLine => ({ kind: "del", text })),
    ...b.map((text): DiffLine => ({ kind: "add", text })),
  ];
}
