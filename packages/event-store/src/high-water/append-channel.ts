/** The NOTIFY channel for appends to a schema. */
export function appendChannel(schema: string): string {
  return `leftfold_${schema}`;
}
