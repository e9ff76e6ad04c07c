/** The payload of every measured event, the same for all stores: about 200 bytes as JSON. */
export interface Entry {
  readonly cents: number;
  readonly reference: string;
  readonly note: string;
}

const note =
  'a payload of an ordinary size: some two hundred bytes as JSON, which is what events of a domain have';

export function entryOf(number: number): Entry {
  return {
    cents: 100 + (number % 10_000),
    reference: `invoice 2026-${String(number).padStart(9, '0')}`,
    note,
  };
}
