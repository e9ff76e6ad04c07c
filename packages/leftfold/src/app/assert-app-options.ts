import type { AnyAggregate, AnyDecision, AnyEventGroup, AnyProjection, MetadataSchema } from '@leftfold/core';
import {
  assertAggregate,
  assertDecision,
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertOneOf,
  assertOptions,
  assertProjection,
  assertReaction,
  assertText,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import { assertConsumer, assertRelay } from '@leftfold/messaging';
import { assertProcess } from '@leftfold/processes';
import type {
  AppCommandOptions,
  AppDatabaseOptions,
  AppOptions,
  AppStoreOptions,
  AppSubscriptionOptions,
} from './app-options.ts';

type Options = AppOptions<[], [], [], MetadataSchema>;

const appNames: OptionNames<Options> = {
  aggregates: true,
  decisions: true,
  projections: true,
  reactions: true,
  processes: true,
  relays: true,
  consumers: true,
  events: true,
  schema: true,
  database: true,
  store: true,
  commands: true,
  subscriptions: true,
  onProgress: true,
  onStart: true,
};
const databaseNames: OptionNames<AppDatabaseOptions> = {
  url: true,
  pool: true,
  embedded: true,
  maxConnections: true,
  preparedStatements: true,
  listen: true,
  answerTimeoutMs: true,
  waitMs: true,
};
const storeNames: OptionNames<AppStoreOptions> = {
  limits: true,
  validateOnRead: true,
  appendConcurrency: true,
};
const commandNames: OptionNames<AppCommandOptions<MetadataSchema>> = {
  metadata: true,
  middleware: true,
  retry: true,
  onSnapshotError: true,
  cache: true,
  now: true,
  newId: true,
  random: true,
};
const subscriptionNames: OptionNames<AppSubscriptionOptions> = {
  run: true,
  owner: true,
  leaseMs: true,
  batchSize: true,
  release: true,
  batchTimeoutMs: true,
  stopTimeoutMs: true,
  retry: true,
  onIncident: true,
  cachedRows: true,
};

type AnyAppOptions = AppOptions<
  readonly AnyAggregate[],
  readonly AnyDecision[],
  readonly AnyProjection[],
  MetadataSchema,
  readonly AnyEventGroup[],
  string
>;

/** @throws InvalidArgumentError when a group of options, or an option in one, is misspelt: nothing was started */
export function assertAppOptions(options: AnyAppOptions): void {
  assertGiven('options', options, appNames);
  const { aggregates = [], decisions = [], projections = [], reactions = [], relays = [] } = options;
  const { processes = [] } = options;
  assertEach('aggregates', aggregates, assertAggregate);
  assertEach('decisions', decisions, assertDecision);
  assertEach('projections', projections, assertProjection);
  assertEach('reactions', reactions, assertReaction);
  assertEach('processes', processes, assertProcess);
  assertEach('relays', relays, assertRelay);
  assertEach('consumers', options.consumers ?? [], assertConsumer);
  assertEach('events', options.events ?? [], assertEventGroup);
  assertFunction('onProgress', options.onProgress);
  assertFunction('onStart', options.onStart);
  for (const [group, names] of Object.entries(groups))
    assertOptions(group, options[group as keyof typeof groups], names);
  assertText('database.url', options.database?.url);
  assertOneOf('database.embedded', options.database?.embedded, [true, false]);
  assertWhole('database.waitMs', options.database?.waitMs);
  assertFunction('subscriptions.onIncident', options.subscriptions?.onIncident);
  assertOneOf('subscriptions.run', options.subscriptions?.run, [true, false]);
}

const groups = {
  database: databaseNames,
  store: storeNames,
  commands: commandNames,
  subscriptions: subscriptionNames,
} as const;
