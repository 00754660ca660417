export function EditorPage(_: { address: string | null }) {
  return null;
}
