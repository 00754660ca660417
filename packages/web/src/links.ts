// Finds what may be clicked in printed text: http(s) addresses, and `P203` when page 203 exists.

import { type Piece, safeAddress } from "./ansi.ts";

const CLICKABLE = /\bhttps?:\/\/[^\s"'<>`]+|\bP[1-8]\d\d\b/g;

/** The same text in more pieces. `isPage` says whether a page number leads anywhere. */
export function withLinks(pieces: Piece[], isPage: (page: number) => boolean): Piece[] {
  return pieces.flatMap((piece) => (piece.href ? [piece] : split(piece, isPage)));
}

function split(piece: Piece, isPage: (page: number) => boolean): Piece[] {
  const found: Piece[] = [];
  let done = 0;
  const plain = (end: number) => {
    if (end > done) found.push({ ...piece, text: piece.text.slice(done, end) });
  };
  for (const match of piece.text.matchAll(CLICKABLE)) {
    const text = match[0].replace(/[.,;:!?)\]}]+$/, "");
    const href = hrefOf(text, isPage);
    if (!href) continue;
    plain(match.index);
    found.push({ ...piece, text, href });
    done = match.index + text.length;
  }
  plain(piece.text.length);
  return found;
}

function hrefOf(text: string, isPage: (page: number) => boolean): string | null {
  if (!text.startsWith("P")) return safeAddress(text);
  const page = Number(text.slice(1));
  return isPage(page) ? `/${page}` : null;
}
