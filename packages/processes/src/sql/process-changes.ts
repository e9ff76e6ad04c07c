import type { JsonObject } from '@leftfold/core';
import { type RawBuilder, sql } from 'kysely';
import type { InstanceStatus } from '../instance/instance-state.ts';

/** What an instance is after some of its events. */
export interface InstanceChange {
  readonly id: string;
  /** Undefined for no change. */
  readonly version: number | undefined;
  /** The hash of its definition. Undefined for no change. */
  readonly definition: string | undefined;
  readonly status: InstanceStatus;
  /** Undefined for no change. */
  readonly summary: string | undefined;
  readonly failure: string | undefined;
  readonly streamVersion: number;
  readonly recordedAt: Date;
}

/** Deadlines that are not open any more: all of an instance, those of a name, or those that an input cancels. */
export interface ClosedDeadlines {
  readonly id: string;
  readonly deadline?: string | undefined;
  readonly until?: string | undefined;
}

/** A deadline that was set. */
export interface OpenedDeadline {
  readonly id: string;
  readonly deadline: string;
  readonly number: number;
  readonly recordedAt: Date;
  readonly afterMs: number | undefined;
  readonly at: string | undefined;
  readonly until: string | undefined;
  readonly metadata: JsonObject;
}

/** What the events of a batch change in the tables for operators. */
export interface ProcessChanges {
  readonly instances: readonly InstanceChange[];
  readonly closed: readonly ClosedDeadlines[];
  readonly opened: readonly OpenedDeadline[];
}

/** A call that records changes: an upsert by primary key for each instance and deadline. */
export function recordProcesses(
  schema: string,
  process: string,
  { instances, closed, opened }: ProcessChanges,
): RawBuilder<unknown> {
  const rows = {
    instances: instances.map(({ streamVersion, recordedAt, ...one }) => ({
      ...one,
      stream_version: streamVersion,
      recorded_at: recordedAt,
    })),
    closed: closed.map(({ until, ...one }) => ({ ...one, until_input: until })),
    opened: opened.map(({ recordedAt, afterMs, at, until, ...one }) => ({
      ...one,
      recorded_at: recordedAt,
      after_ms: afterMs,
      // Not as text: PostgreSQL reads no year before 1, or after 9999, as a Date writes it.
      at_ms: at === undefined ? undefined : Date.parse(at),
      until_input: until,
    })),
  };
  return sql`${sql.id(schema, '_record_processes')}(
    ${process}, ${JSON.stringify(rows.instances)}::jsonb, ${JSON.stringify(rows.closed)}::jsonb,
    ${JSON.stringify(rows.opened)}::jsonb)`;
}
