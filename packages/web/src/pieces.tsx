// Draws pieces of printed text. The only elements it makes are `span` and `a`.

import type { Piece } from "./ansi.ts";
import { withLinks } from "./links.ts";
import { pages } from "./tiles.ts";

/** One line's pieces; page numbers and addresses in it become links. */
export function Pieces({ pieces }: { pieces: Piece[] }) {
  return <>{drawPieces(pieces, isPage)}</>;
}

/** Does this page number lead to a ticker? */
export const isPage = (page: number): boolean => pages.value.has(page);

/** The same without a component of its own: a long log has twenty thousand of them. */
export function drawPieces(pieces: Piece[], leads: (page: number) => boolean) {
  return withLinks(pieces, leads).map(drawPiece);
}

function drawPiece({ text, tone, href }: Piece, i: number) {
  if (href?.startsWith("/"))
    return (
      <a key={i} class={tone} href={href}>
        {text}
      </a>
    );
  if (href)
    return (
      <a key={i} class={tone} href={href} target="_blank" rel="noopener noreferrer nofollow">
        {text}
      </a>
    );
  return tone ? (
    <span key={i} class={tone}>
      {text}
    </span>
  ) : (
    text
  );
}
