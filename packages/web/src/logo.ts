// The word TICKER in mosaics.

import { mosaic } from "@ticker/core/mosaic";

const LETTERS: Record<string, string[]> = {
  T: ["######", "######", ...Array<string>(7).fill("..##..")],
  I: Array<string>(9).fill("##"),
  C: [".#####", "######", ...Array<string>(5).fill("##...."), "######", ".#####"],
  K: ["##..##", "##..##", "##.##.", "####..", "###...", "####..", "##.##.", "##..##", "##..##"],
  E: ["######", "######", "##....", "#####.", "#####.", "##....", "##....", "######", "######"],
  R: ["#####.", "######", "##..##", "##..##", "#####.", "####..", "##.##.", "##..##", "##..##"],
};

/** Three rows of characters. */
export const LOGO = mosaic(
  Array.from({ length: 9 }, (_, y) =>
    [..."TICKER"].map((letter) => LETTERS[letter]?.[y] ?? "").join(".."),
  ),
);
