/** @internal What a process tells the others on that channel when it has made an inline projection asynchronous: it is free. */
export const DEMOTED_TOPIC = 'demoted';

/** The NOTIFY channel for appends to a schema. */
export function appendChannel(schema: string): string {
  return `leftfold_${schema}`;
}
