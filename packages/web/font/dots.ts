// From dots to outlines. A glyph is 5x9 dots in a 6x10 cell; two dots that touch only at a corner get
// the two little triangles that make the diagonal smooth, as a Teletext set did. Knows no letters.

/** A closed outline in doubled dot coordinates, y downwards from the top of the cell. */
export type Outline = [number, number][];

export const CELL = { width: 6, height: 10, baseline: 8 };

const NORTH = 1;
const EAST = 2;
const SOUTH = 4;
const WEST = 8;
const FULL = 15;

/** `#` is a dot; 1-4 are half dots, cut along a diagonal. */
const DOT: Record<string, number> = {
  "#": FULL,
  "1": SOUTH | WEST,
  "2": SOUTH | EAST,
  "3": NORTH | WEST,
  "4": NORTH | EAST,
};

/** Rows of dots (five wide, nine at most) as outlines. Row 0 is the second of the cell; `raise` lifts it. */
export function outlinesOfDots(rows: string[], raise = 0): Outline[] {
  return outlines(smooth(place(rows, raise)));
}

/** A rectangle in dots from the top left of the cell. */
export function rectangle(left: number, top: number, right: number, bottom: number): Outline {
  return [
    [2 * left, 2 * top],
    [2 * right, 2 * top],
    [2 * right, 2 * bottom],
    [2 * left, 2 * bottom],
  ];
}

function place(rows: string[], raise: number): number[][] {
  const grid = Array.from({ length: CELL.height }, () => new Array<number>(CELL.width).fill(0));
  rows.forEach((row, y) => {
    [...row].forEach((dot, x) => {
      const line = grid[y + 1 - raise];
      if (line) line[x + 1] = DOT[dot] ?? 0;
    });
  });
  return grid;
}

function smooth(dots: number[][]): number[][] {
  const isFull = (y: number, x: number) => dots[y]?.[x] === FULL;
  const grid = dots.map((row) => [...row]);
  const add = (y: number, x: number, mask: number) => {
    const row = grid[y];
    if (row) row[x] = (row[x] ?? 0) | mask;
  };
  for (let y = 0; y < CELL.height - 1; y++) {
    for (let x = 0; x < CELL.width - 1; x++) {
      const falls = isFull(y, x) && isFull(y + 1, x + 1);
      const rises = isFull(y, x + 1) && isFull(y + 1, x);
      if (falls && !isFull(y, x + 1) && !isFull(y + 1, x)) {
        add(y, x + 1, SOUTH | WEST);
        add(y + 1, x, NORTH | EAST);
      }
      if (rises && !isFull(y, x) && !isFull(y + 1, x + 1)) {
        add(y, x, SOUTH | EAST);
        add(y + 1, x + 1, NORTH | WEST);
      }
    }
  }
  return grid;
}

type Edge = [from: string, to: string];

/** Directed edges of all triangles; an edge shared by two of them cancels, what stays is the outline. */
function edgesOf(grid: number[][]): Map<string, string[]> {
  const edges = new Map<string, Edge>();
  const add = (from: string, to: string) => {
    if (!edges.delete(`${to}>${from}`)) edges.set(`${from}>${to}`, [from, to]);
  };
  const triangle = (a: string, b: string, c: string) => {
    add(a, b);
    add(b, c);
    add(c, a);
  };
  grid.forEach((row, y) => {
    row.forEach((mask, x) => {
      const [left, top, right, bottom] = [2 * x, 2 * y, 2 * x + 2, 2 * y + 2];
      const middle = `${left + 1},${top + 1}`;
      if (mask & NORTH) triangle(`${left},${top}`, `${right},${top}`, middle);
      if (mask & EAST) triangle(`${right},${top}`, `${right},${bottom}`, middle);
      if (mask & SOUTH) triangle(`${right},${bottom}`, `${left},${bottom}`, middle);
      if (mask & WEST) triangle(`${left},${bottom}`, `${left},${top}`, middle);
    });
  });
  const from = new Map<string, string[]>();
  for (const [start, end] of edges.values()) from.set(start, [...(from.get(start) ?? []), end]);
  return from;
}

const point = (text: string): [number, number] => {
  const [x = 0, y = 0] = text.split(",").map(Number);
  return [x, y];
};

function outlines(grid: number[][]): Outline[] {
  const from = edgesOf(grid);
  const found: Outline[] = [];
  for (let start = from.keys().next().value; start; start = from.keys().next().value) {
    found.push(withoutStraightPoints(walk(from, start)));
  }
  return found;
}

function walk(from: Map<string, string[]>, start: string): Outline {
  const path: Outline = [];
  let here = start;
  let before: string | null = null;
  do {
    const ways: string[] = from.get(here) ?? [];
    const [next = start] = ways.splice(sharpest(before, here, ways), 1);
    if (ways.length === 0) from.delete(here);
    path.push(point(here));
    before = here;
    here = next;
  } while (here !== start);
  return path;
}

/** Where outlines meet in a corner, the sharpest turn keeps the two shapes apart. */
function sharpest(before: string | null, here: string, ways: string[]): number {
  if (!before || ways.length < 2) return 0;
  const [bx, by] = point(before);
  const [x, y] = point(here);
  const came = Math.atan2(y - by, x - bx);
  const turns = ways.map((way) => {
    const [wx, wy] = point(way);
    const turn = Math.atan2(wy - y, wx - x) - came;
    return turn <= -Math.PI ? turn + 2 * Math.PI : turn > Math.PI ? turn - 2 * Math.PI : turn;
  });
  return turns.indexOf(Math.max(...turns));
}

function withoutStraightPoints(outline: Outline): Outline {
  return outline.filter(([x, y], i) => {
    const [bx, by] = outline.at(i - 1) ?? [0, 0];
    const [nx, ny] = outline[(i + 1) % outline.length] ?? [0, 0];
    return (x - bx) * (ny - y) !== (y - by) * (nx - x);
  });
}
