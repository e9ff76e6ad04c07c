import { type AnyProcess, assertId, type MetadataSchema } from '@leftfold/core';
import { assertOneOf, assertOptions, assertText, assertWhole, type OptionNames } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { RunnerOptions, SubscriptionStatus } from '@leftfold/subscriptions';
import type { ExecuteProcessCommand } from '../engine/execute-command.ts';
import type { FailingDeadlines } from '../sql/deadlines.ts';
import type { InstanceCount, InstancePage, ProcessInstance } from '../sql/instances.ts';

/** What `createProcessRunner` takes. */
export interface ProcessRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  /** May have several versions of a process: new instances begin with the highest, others keep theirs. */
  readonly processes: readonly AnyProcess[];
  /** Executes the commands that they want. */
  readonly execute: ExecuteProcessCommand;
  /** The app's own fields of metadata, which operations must have then. @default none */
  readonly metadata?: MetadataSchema | undefined;
  /**
   * @internal Executes what the framework does to their instances, without middleware, which could reject what has to be
   * recorded. @default an executor of `instanceAggregates(processes)`
   */
  readonly executeOnInstance?: ExecuteProcessCommand | undefined;
}

/** A process: any version of its definition, or its name. */
export type ProcessRef = Pick<AnyProcess, 'name'>;

/** State and progress of a process, all of its versions together. */
export interface ProcessStatus extends SubscriptionStatus {
  /** How many instances of each version have each status. */
  readonly instances: readonly InstanceCount[];
  /** Deadlines that are due and whose function throws: they are tried again, and later ones of their instance wait. */
  readonly failingDeadlines: FailingDeadlines;
}

/** Which instances are listed, in the order of their ids. */
export interface ProcessInstancesOptions {
  /** @default any */
  readonly status?: ProcessInstance['status'] | undefined;
  /** @default any */
  readonly version?: number | undefined;
  /** Only instances after this id: the last one of the page before. @default from the first one */
  readonly after?: string | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

const listNames: OptionNames<ProcessInstancesOptions> = {
  status: true,
  version: true,
  after: true,
  limit: true,
};
const statuses = ['running', 'paused', 'completed', 'failed', 'cancelled'];

/** @throws InvalidNameError when `after` is no id; InvalidArgumentError when an option is misspelt, or has a value that it does not take */
export function toInstancePage(options: ProcessInstancesOptions): InstancePage {
  assertOptions('options', options, listNames);
  const { status, version, after, limit = 100 } = options;
  assertOneOf('status', status, statuses);
  assertWhole('version', version, { least: 1, most: 2_147_483_647 });
  assertText('after', after);
  // Before every id.
  if (after !== undefined && after !== '') assertId('after', after);
  assertWhole('limit', limit, { least: 1, most: 1_000 });
  return { status, version, after, limit };
}
