/** The channel on which appends of a schema are announced. */
export function appendChannel(schema: string): string {
  return `leftfold_${schema}`;
}
