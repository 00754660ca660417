// When a log follows its newest line and when it holds still. It follows only while the bottom is in sight;
// looking up, selecting or searching holds it, and nothing but its reader lets it go. Pure.

/** How near the bottom counts as at the bottom, px. */
export const BOTTOM_PX = 24;

export type Hold = { because: "scroll" | "selection" | "find" | "asked"; atLine: number } | null;

/** What a scroll does. `isUp`: further from the newest than before. */
export function afterScroll(
  hold: Hold,
  place: { fromBottomPx: number; isUp: boolean },
  line: number,
): Hold {
  const isAtBottom = place.fromBottomPx <= BOTTOM_PX;
  if (!hold && place.isUp && !isAtBottom) return { because: "scroll", atLine: line };
  if (hold?.because === "scroll" && isAtBottom) return null;
  return hold;
}

/** Holds, unless held already: the first reason stays. */
export function holdFor(
  hold: Hold,
  because: NonNullable<Hold>["because"],
  line: number,
): NonNullable<Hold> {
  return hold ?? { because, atLine: line };
}
