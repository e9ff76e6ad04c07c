import { streamIdOf } from '@leftfold/core';
import { textArray, toSafeNumber } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';
import type { InstanceStatus } from '../instance/instance-state.ts';

/** An instance of a process, as of the events that its runner has done. */
export interface ProcessInstance {
  readonly id: string;
  /** Of its process. */
  readonly version: number;
  readonly status: Exclude<InstanceStatus, 'unknown'>;
  /** What `summary` of the process said after the last input. */
  readonly summary: string | undefined;
  /** Why it failed or was cancelled: the first 1,000 characters. `load` has all of them. */
  readonly failure: string | undefined;
  readonly streamVersion: number;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

/** How many instances of a version have a status. */
export interface InstanceCount extends Pick<ProcessInstance, 'version' | 'status'> {
  readonly count: number;
}

interface InstanceRow extends Pick<ProcessInstance, 'id' | 'version' | 'status'> {
  readonly summary: string | null;
  readonly failure: string | null;
  readonly stream_version: string | number;
  readonly started_ms: number;
  readonly updated_ms: number;
}

const columns = `instance.id, instance.version, instance.status, instance.summary, instance.failure, instance.stream_version,
  1000 * pg_catalog.date_part('epoch', instance.started_at) as started_ms,
  1000 * pg_catalog.date_part('epoch', instance.updated_at) as updated_ms`;

function toInstance(row: InstanceRow): ProcessInstance {
  const { id, version, status, summary, failure } = row;
  return {
    id,
    version,
    status,
    summary: summary ?? undefined,
    failure: failure ?? undefined,
    streamVersion: toSafeNumber(String(row.stream_version)),
    startedAt: new Date(row.started_ms),
    updatedAt: new Date(row.updated_ms),
  };
}

/** Which instances are read. */
export interface InstancePage {
  readonly status: string | undefined;
  readonly version: number | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Instances in the order of their ids. SQL: a scan of `process_instances_pkey`, or of `process_instances_by_status`. */
export async function readInstances(
  { run, schema }: SchemaConnection,
  process: string,
  { status, version, after, limit }: InstancePage,
): Promise<readonly ProcessInstance[]> {
  const conditions = [
    'instance.process = $1',
    'instance.id > $2',
    ...(status === undefined ? [] : ['instance.status = $4']),
    ...(version === undefined ? [] : [`instance.version = $${status === undefined ? 4 : 5}`]),
  ];
  const rows = await run<InstanceRow>({
    name: undefined,
    text: `select ${columns} from "${schema}".process_instances as instance
            where ${conditions.join(' and ')}
            order by instance.id
            limit $3`,
    values: [process, after ?? '', limit, ...[status, version].filter((value) => value !== undefined)],
  });
  return rows.map(toInstance);
}

/**
 * An instance. One that failed and was retried since is running, though the runner has not recorded that yet.
 *
 * SQL: a SELECT by primary key, and of one that failed an index scan of its stream behind it.
 */
export async function readInstance(
  { run, schema }: SchemaConnection,
  process: string,
  id: string,
): Promise<ProcessInstance | undefined> {
  const [row] = await run<InstanceRow & { readonly retried: boolean }>({
    name: `leftfold process instance ${schema}`,
    text: `select ${columns},
                  instance.status = 'failed' and exists (
                    select from "${schema}".events as event
                     where event.stream_id = $3 and event.stream_version > instance.stream_version and event.type = $4
                  ) as retried
             from "${schema}".process_instances as instance
            where instance.process = $1 and instance.id = $2`,
    values: [process, id, streamIdOf(process, id), `${process}.retried`],
  });
  if (row === undefined) return undefined;
  return row.retried ? { ...toInstance(row), status: 'running', failure: undefined } : toInstance(row);
}

/** SQL: a scan of the index by status, over all instances. */
export async function countInstances(
  { run, schema }: SchemaConnection,
  processes: readonly string[],
): Promise<ReadonlyMap<string, readonly InstanceCount[]>> {
  const rows = await run<InstanceCount & { readonly process: string; readonly instances: string | number }>({
    name: undefined,
    text: `select instance.process, instance.version, instance.status, pg_catalog.count(*) as instances
             from "${schema}".process_instances as instance
            where instance.process = any ($1::text[])
            group by instance.process, instance.status, instance.version
            order by instance.process, instance.version, instance.status`,
    values: [textArray(processes)],
  });
  const counts = new Map<string, InstanceCount[]>(processes.map((process) => [process, []]));
  for (const { process, version, status, instances } of rows)
    counts.get(process)?.push({ version, status, count: toSafeNumber(String(instances)) });
  return counts;
}

/** How many open instances of a version began with a definition. */
export interface OpenCount {
  readonly process: string;
  readonly version: number;
  /** Its hash. */
  readonly definition: string | undefined;
  readonly count: number;
}

/** SQL: a scan of `process_instances_by_status`, over open instances. */
export async function countOpenInstances(
  { run, schema }: SchemaConnection,
  processes: readonly string[],
): Promise<readonly OpenCount[]> {
  const rows = await run<{
    process: string;
    version: number;
    definition: string | null;
    instances: string | number;
  }>({
    name: `leftfold open instances ${schema}`,
    text: `select instance.process, instance.version, instance.definition, pg_catalog.count(*) as instances
             from "${schema}".process_instances as instance
            where instance.process = any ($1::text[]) and instance.status in ('running', 'paused')
            group by instance.process, instance.version, instance.definition
            order by instance.process, instance.version, instance.definition`,
    values: [textArray(processes)],
  });
  return rows.map(({ instances, definition, ...row }) => ({
    ...row,
    definition: definition ?? undefined,
    count: toSafeNumber(String(instances)),
  }));
}

/** What the runner knows of a deadline. */
export interface DeadlineRow {
  /** Of the event that set it. */
  readonly number: number;
  readonly dueAt: Date;
  /** How often it has failed. */
  readonly attempts: number;
  /** What the last attempt threw. */
  readonly failure: string | undefined;
}

/** The open deadlines of an instance, by name. SQL: a scan of `process_deadlines_pkey`. */
export async function readDeadlines(
  { run, schema }: SchemaConnection,
  process: string,
  id: string,
): Promise<ReadonlyMap<string, DeadlineRow>> {
  const rows = await run<{
    deadline: string;
    number: string | number;
    due_ms: number;
    attempts: number;
    failure: string | null;
  }>({
    name: undefined,
    text: `select deadline.deadline, deadline.number, deadline.attempts, deadline.failure,
                  1000 * pg_catalog.date_part('epoch', deadline.due_at) as due_ms
             from "${schema}".process_deadlines as deadline
            where deadline.process = $1 and deadline.id = $2`,
    values: [process, id],
  });
  return new Map(
    rows.map(({ deadline, number, due_ms: dueMs, attempts, failure }) => [
      deadline,
      {
        number: toSafeNumber(String(number)),
        dueAt: new Date(dueMs),
        attempts,
        failure: failure ?? undefined,
      },
    ]),
  );
}
