// Run after each hostile script in the same sandbox: everything must be as if that had never been.
const expected =
  typeof leak === "undefined" &&
  !("polluted" in {}) &&
  " a ".trim() === "a" &&
  [1, 2].map((x) => x * 2).join("-") === "2-4" &&
  JSON.stringify({ a: [1] }) === '{"a":[1]}' &&
  state.keys().length === 0 &&
  (await Promise.resolve(7)) === 7 &&
  new URL("https://a.b/c").pathname === "/c";
console.log(expected ? "clean" : "DIRTY");
