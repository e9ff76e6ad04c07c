import { LeftfoldError, type RecordedEvent, streamIdOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { toLeftfoldError } from '@leftfold/postgres';
import { sql } from 'kysely';
import { recordProcesses } from '../sql/process-changes.ts';
import { changesOf } from './changes-of.ts';

/**
 * Brings the tables for operators to what the stream of an instance has. Events of it that were given up are not done, and yet they
 * have set deadlines, and may have ended it.
 *
 * In a role that may not read the log it does nothing.
 *
 * @throws what a statement throws
 */
export async function recordInstance(store: PostgresEventStore, name: string, id: string): Promise<void> {
  try {
    const events: RecordedEvent[] = [];
    for await (const event of store.readStream(streamIdOf(name, id))) events.push(event);
    const changes = changesOf(name, events);
    if (changes !== undefined)
      await sql`select ${recordProcesses(store.schema, name, changes)}`.execute(store.db);
  } catch (error) {
    const known = toLeftfoldError(error, store.schema);
    if (!LeftfoldError.is(known) || known.code !== 'MISSING_RIGHTS') throw known;
  }
}
