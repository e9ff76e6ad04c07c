import { defineEvents, type NewEvent } from '@leftfold/core';
import { z } from 'zod';

/**
 * What every event of this subject carries: the append that it belongs to, and its place in it. Two events with one
 * place mean that the append was carried out twice; a missing place, that it was carried out in part.
 */
const place = z.object({
  append: z.string(),
  /** From 0. */
  index: z.int(),
  /** Events of the whole append. */
  of: z.int(),
  /** The version that the append expected of this stream; null for any. */
  expected: z.int().nullable(),
  /** The id of the event at that version, as the append's writer had read it; null for none. */
  basedOn: z.string().nullable(),
  /** The append excluded every event with this tag after this position; null for an append without a condition. */
  excluded: z.object({ tag: z.string(), after: z.int() }).nullable(),
});

export const ledgerEvents = defineEvents('ledger', { noted: place, marked: place });
export type Place = z.infer<typeof place>;

export const SHARDS = 8;

export const tagOf = (shard: number) => `shard:${shard % SHARDS}`;

/** An event whose type and tags follow from its place, so that filters let some events through and others not. */
export function eventAt(where: Place): NewEvent {
  const create = where.index % 3 === 2 ? ledgerEvents.create.marked : ledgerEvents.create.noted;
  let sum = where.index;
  for (const character of where.append) sum += character.charCodeAt(0);
  return create(where, { tags: sum % 2 === 0 ? [tagOf(sum / 2)] : [] });
}
