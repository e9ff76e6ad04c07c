import { hash } from 'node:crypto';
import { InvalidArgumentError, type RecordedEvent } from '@leftfold/core';
import { BatchFailure } from '../handler/batch-failure.ts';
import type { SubscriptionDefinition } from './subscription-definition.ts';

/** One slice of as many. */
export interface Slice {
  readonly slice: number;
  readonly slices: number;
}

/**
 * The slice of a key, by the first bytes of its SHA-256. It must never change: events would be in another slice than the
 * one that has processed them.
 */
export function sliceOf(key: string, slices: number): number {
  return Number.parseInt(hash('sha256', key).slice(0, 8), 16) % slices;
}

/** Those of a page that are in a slice. @throws BatchFailure when `sliceBy` fails at an event */
export function eventsOfSlice(
  events: readonly RecordedEvent[],
  { slice, slices }: Slice,
  { sliceBy = streamOf }: Pick<SubscriptionDefinition, 'sliceBy'>,
): readonly RecordedEvent[] {
  if (slices === 1) return events;
  return events.filter((event, before) => {
    try {
      return sliceOf(textOf(sliceBy(event)), slices) === slice;
    } catch (error) {
      throw new BatchFailure(error, {
        eventCount: events.length,
        firstEvent: events[0],
        failing: { event, before },
      });
    }
  });
}

function textOf(key: unknown): string {
  if (typeof key !== 'string') throw InvalidArgumentError.not('a text', 'what sliceBy returns', key);
  return key;
}

const streamOf = ({ streamId }: RecordedEvent) => streamId;
