import type { PreparedEvent } from '@leftfold/core/append';
import { jsonArray, numberArray, textArray } from '@leftfold/postgres';
import type { EventColumnOf, SentValues } from './event-columns.ts';

/** How the values of a column become arguments. The types of these arguments are in generate/event-placeholders.ts. */
interface Encoding<TValue> {
  /** The argument of `_append_one`. */
  readonly one: (value: TValue) => unknown;
  /** The argument of `_append_batch`: the values of all its events. */
  readonly batch: (values: readonly TValue[]) => unknown;
}

const encodings: { readonly [T in keyof SentValues]: Encoding<SentValues[T]> } = {
  text: { one: (value) => value, batch: textArray },
  integer: { one: (value) => value, batch: numberArray },
  jsonb: { one: (value) => value, batch: jsonArray },
  'text[]': { one: textArray, batch: arrayOfTextArrays },
};

/** One event's argument for a column. */
export function encodeOne<T extends keyof SentValues>(
  column: EventColumnOf<T>,
  event: PreparedEvent,
): unknown {
  return encodings[column.type].one(column.of(event));
}

/** The argument for a column of all events of a batch. */
export function encodeBatch<T extends keyof SentValues>(
  column: EventColumnOf<T>,
  events: readonly PreparedEvent[],
): unknown {
  return encodings[column.type].batch(events.map((event) => column.of(event)));
}

/** An array of array literals; null when all are empty, which costs the functions nothing. */
function arrayOfTextArrays(values: readonly (readonly string[])[]): string | null {
  if (values.every((value) => value.length === 0)) return null;
  return textArray(values.map((value) => (value.length === 0 ? null : textArray(value))));
}
