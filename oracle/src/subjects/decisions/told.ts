import { LeftfoldError, type RecordedEvent } from '@leftfold/core';
import type { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import type { Decided } from './reads.ts';

/** A command, in a line of a journal. */
export interface Told extends Decided {
  /** Its command id, which names it for good. */
  readonly append: string;
}

/** A condition that failed, as `execute` tells it. */
export interface ToldConflict extends Told {
  readonly position: number;
  readonly roles: readonly string[];
}

/** A rejection. */
export interface ToldRejection extends Told {
  /** The states that it was decided on, as JSON. */
  readonly saw: string;
}

/** An append that is in the log. */
export interface ToldAppend {
  readonly append: string;
  readonly positions: readonly number[];
}

export function acknowledge(
  journal: Journal,
  append: string,
  events: readonly Pick<RecordedEvent, 'position'>[],
): void {
  const told: ToldAppend = { append, positions: events.map(({ position }) => position) };
  journal.write('ack', JSON.stringify(told));
}

/** Records an append that was not made for certain: it was rolled back. */
export function noteUndone(journal: Journal, append: string): void {
  journal.write('undone', append);
}

/** Records an append that has failed: for certain, with an unknown outcome, or by an error that no caller may get. */
export function noteFailure(journal: Journal, append: string, error: unknown): void {
  if (isConflict(error)) noteUndone(journal, append);
  else if (isOutage(error)) journal.write('unknown', append);
  else journal.write('bad', append, String(error).replaceAll('\n', ' '));
}

export function isConflict(error: unknown): boolean {
  return (
    LeftfoldError.is(error) &&
    (error.code === 'APPEND_CONDITION_FAILED' || error.code === 'STREAM_VERSION_CONFLICT')
  );
}

/** The id of a command that several processes execute. */
export function sharedAppend(input: string): string {
  return `shared.${input}`;
}

export function isShared(append: string): boolean {
  return append.startsWith('shared.');
}
