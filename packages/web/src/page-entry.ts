// Typing a page number, as on a remote control. Pure.

/** Three digits make a page number; the first is 1-8. */
export class PageEntry {
  digits = "";

  /** Takes a digit; answers the page when it is whole. */
  press(digit: string): string | null {
    if (this.digits === "" && !/[1-8]/.test(digit)) return null;
    this.digits += digit;
    if (this.digits.length < 3) return null;
    const page = this.digits;
    this.digits = "";
    return page;
  }

  cancel() {
    this.digits = "";
  }
}
