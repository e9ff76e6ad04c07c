import { numberArray, textArray } from '@leftfold/postgres';
import type { DeclaredDefinition } from '../subscription/definition-hash.ts';
import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import type { ParkingChanges } from './parking-change.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** The right to advance one checkpoint, as the row of the subscription states it. */
export interface HeldLease extends SubscriptionKey {
  readonly epoch: number;
  /** The process that took it. After the log went back, another process can have the same epoch. */
  readonly owner: string;
  /** The lineage of the log in which the events of the batch were read: nothing is written in another one. @default any */
  readonly lineage?: string | undefined;
  /** How long the lease lasts after each batch or renewal, in milliseconds. */
  readonly leaseMs: number;
  /** What a batch does with parked keys, in the transaction of its checkpoint. @default nothing */
  readonly parking?: ParkingChanges | undefined;
  /** Ends the transaction of a batch: the lease is lost, or the batch was given up. */
  readonly signal?: AbortSignal | undefined;
}

/** What a process runs, and the code that it runs. */
export interface RunSubscription extends SubscriptionRef {
  readonly definitionHash: string;
  readonly release: string;
  /** Whether it makes the subscription inline: then it also takes the lease of an owner that does not. */
  readonly promotes: boolean;
  /** False while it could not run it: it is given no lease. */
  readonly able: boolean;
}

/** A process, the leases that it holds, and those that it wants. */
export interface LeaseCheck {
  readonly owner: string;
  readonly leaseMs: number;
  /** How long to wait for the answer. @default as long as a lease lasts */
  readonly answerMs?: number | undefined;
  readonly runs: readonly RunSubscription[];
  readonly held: readonly HeldLease[];
  readonly take: readonly SubscriptionKey[];
}

/** A lease that was taken, and where its checkpoint was. */
export interface TakenLease extends SubscriptionKey {
  readonly slices: number;
  readonly position: number;
  readonly epoch: number;
  readonly caughtUp: boolean;
  /** Milliseconds until the subscription may be made inline again. */
  readonly demotedMs: number;
}

/** How a slice stands. Times are seconds since 1970. */
export interface SliceState extends SubscriptionKey {
  readonly epoch: number;
  readonly inline: boolean;
  /** No process may take it until it is resumed. */
  readonly paused: boolean;
  /** Set when an event may wait, and it has not moved for twice the time of a lease. */
  readonly still?: true;
  readonly ownerPromotes: boolean;
  /** The process whose lease has not expired. */
  readonly owner?: string;
  /** The process that gave up just now: others are tried first. */
  readonly avoided?: string;
  /** Set when it is stopped: the releases that failed. */
  readonly failedReleases?: readonly string[];
  /** Set while it may not be made inline. */
  readonly inlineAfter?: number;
  readonly demotedAt?: number;
  readonly demotedBy?: string;
  readonly definitionHash: string;
  /** The only release whose processes may run it. */
  readonly forRelease?: string;
  /** Set when it is not that of the process that asks. */
  readonly definition?: DeclaredDefinition;
}

/** A subscription that a process runs now. */
export interface RunState extends SubscriptionRef {
  readonly owner: string;
  readonly definitionHash: string;
  readonly release: string;
  readonly promotes: boolean;
}

/** What all processes see, of the subscriptions of one. */
export interface LeaseBoard {
  readonly taken: readonly TakenLease[];
  readonly slices: readonly SliceState[];
  readonly runs: readonly RunState[];
}

/**
 * Extends the leases that a process holds, and takes those that it wants and are free.
 *
 * SQL: `_check_leases`, one call for all subscriptions; never waits for the lock of a lease. Its commit is durable when a
 * lease was taken.
 */
export async function checkLeases(
  { run, schema }: SchemaConnection,
  { owner, leaseMs, answerMs = leaseMs, runs, held, take }: LeaseCheck,
): Promise<LeaseBoard> {
  const [row] = await run<{ board: string }>({
    name: `leftfold check leases ${schema}`,
    text: `select "${schema}"._check_leases($1, $2, $3::text[], $4::integer[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
                    $9::text[], $10::integer[], $11::integer[], $12::bigint[], $13::text[], $14::integer[], $15::integer[])::text
                  as board`,
    values: [
      owner,
      leaseMs,
      textArray(runs.map(({ name }) => name)),
      numberArray(runs.map(({ version }) => version)),
      textArray(runs.map(({ definitionHash }) => definitionHash)),
      textArray(runs.map(({ release }) => release)),
      booleanArray(runs.map(({ promotes }) => promotes)),
      booleanArray(runs.map(({ able }) => able)),
      ...sliceColumnsOf(held),
      numberArray(held.map(({ epoch }) => epoch)),
      ...sliceColumnsOf(take),
    ],
    answerMs,
  });
  return JSON.parse(row?.board ?? '{}') as LeaseBoard;
}

/**
 * Ends leases, so that other processes need not wait until they expire. SQL: one UPDATE by primary key.
 *
 * @param avoidMs for so long, other processes are tried before this one
 */
export async function releaseLeases(
  { run, schema }: SchemaConnection,
  owner: string,
  leases: readonly HeldLease[],
  avoidMs = 0,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._release_leases($1, $2::text[], $3::integer[], $4::integer[], $5::bigint[], $6)`,
    values: [owner, ...sliceColumnsOf(leases), numberArray(leases.map(({ epoch }) => epoch)), avoidMs],
  });
}

/** Other processes share out what this one has run. SQL: one DELETE by primary key. */
export async function leaveRunners({ run, schema }: SchemaConnection, owner: string): Promise<void> {
  await run({ name: undefined, text: `select "${schema}"._leave_runners($1)`, values: [owner] });
}

/** Three arrays: names, versions, slices. */
export function sliceColumnsOf(slices: readonly SubscriptionKey[]): readonly unknown[] {
  return [
    textArray(slices.map(({ name }) => name)),
    numberArray(slices.map(({ version }) => version)),
    numberArray(slices.map(({ slice }) => slice)),
  ];
}

function booleanArray(values: readonly boolean[]): string {
  return `{${values.join()}}`;
}
