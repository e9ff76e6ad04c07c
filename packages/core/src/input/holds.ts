/** Whether a value of a caller is what a check looks for. One that throws when it is looked at is not. */
export function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
