export function PagesPage(_: { isSettings: boolean }) {
  return null;
}
