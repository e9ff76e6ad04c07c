import { inspect, types } from 'node:util';
import * as commands from '@leftfold/commands';
import * as core from '@leftfold/core';
import * as embedded from '@leftfold/embedded';
import * as eventStore from '@leftfold/event-store';
import * as messaging from '@leftfold/messaging';
import * as processes from '@leftfold/processes';
import * as projections from '@leftfold/projections';
import { guarantee } from '@leftfold/testbed/guarantees';
import * as subscriptions from '@leftfold/subscriptions';
import * as testing from '@leftfold/testing';
import * as testingMessages from '@leftfold/testing/messages';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { processOptionsWith } from '../test/process-options.ts';
import { sagaCalls } from '../test/saga-calls.ts';
import { wrongCalls } from '../test/wrong-calls.ts';
import * as leftfold from './index.ts';

const text = z.object({ owner: z.string() });
const events = core.defineEvents('account', { opened: text });
const opened = events.create.opened({ owner: 'Ada' });
const retiringEvents = core.defineEvents(
  'account',
  { opened: text },
  { retired: { created: { schema: text, readAs: ['opened'], upcast: (data, to) => to.opened(data) } } },
);
const emptyLog = { highWaterMark: () => 0, readPage: () => undefined };
const aggregateOptions = {
  events,
  initialState: {},
  evolve: { opened: (state: object) => state },
  rejections: ['closed'],
  commands: { open: { input: text, decide: () => core.reject('closed') } },
  stateVersion: 1,
  snapshots: { everyEvents: 10 },
} as const;
const account = core.defineAggregate(aggregateOptions);
const decisionOptions = {
  name: 'transfer',
  input: text,
  events: [events],
  reads: () => ({ from: account.at('1') }),
  rejections: ['closed'],
  decide: () => core.reject('closed'),
} as const;
const transfer = core.defineDecision(decisionOptions);
const foldOptions = {
  events: [events],
  initialState: 0,
  evolve: { 'account.opened': () => 1 },
} as const;
const tableOptions = {
  name: 'balances',
  version: 1,
  mode: 'async',
  events: [events],
  metadata: z.object({}),
  columns: { id: 'text', cents: 'bigint' },
  key: () => ({ id: 'a' }),
  initialRow: { cents: 0 },
  evolve: { 'account.opened': (row: { id: string; cents: number }) => row },
  indexes: [['cents']],
} as const;
const balances = core.defineTableProjection(tableOptions);
const recorded = { type: 'account.opened', data: { owner: 'Ada' }, schemaVersion: 1 };
const store = testing.createMemoryStore({ events: [events] });
/** Nothing listens there. */
const url = 'postgres://127.0.0.1:1/none';
const database = { url };
/** Takes nothing anywhere. */
const transport: messaging.Transport = {
  name: 'nowhere',
  openPublisher: () => Promise.reject(new core.TransportUnavailableError('nowhere', 'it is no place')),
  openReceiver: () => Promise.reject(new core.TransportUnavailableError('nowhere', 'it is no place')),
};
const openings = core.defineEvents('openings', { opened: text });
const processOptions = processOptionsWith(events);
const process = core.defineProcess(processOptions);
const relayOptions = {
  name: 'openings-out',
  version: 1,
  source: '/bank/openings',
  events: [events],
  publishes: [openings],
  metadata: z.object({}),
  key: () => 'a',
  map: { 'account.opened': () => openings.create.opened({ owner: 'Ada' }) },
  transport,
  mode: 'binary',
  slices: 1,
  start: 'end',
  onFailure: 'stop',
  retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
} as const;
const consumerOptions = {
  name: 'openings-in',
  transport,
  sources: ['/bank/openings'],
  messages: [openings],
  on: { 'openings.opened': async () => {} },
  concurrency: 1,
  prefetch: 1,
  timeoutMs: 1,
  gapTimeoutMs: 1,
  stopTimeoutMs: 1,
  onFailure: 'park',
  retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
  onIncident: () => {},
} as const;
const mails = core.defineReaction({
  name: 'mails',
  events: [events],
  on: { 'account.opened': async () => {} },
});
const greeting = openings.create.opened({ owner: 'Ada' });
const relay = messaging.defineRelay(relayOptions);
const { on: _, ...withoutHandlers } = consumerOptions;
const toCommands = { ...withoutHandlers, commands: { 'openings.opened': () => [] } };
const consumer = messaging.defineConsumer(toCommands);
const language = messaging.describeLanguage({ source: '/a', messages: [openings] });
/** It makes no connection. */
const postgresStore = eventStore.createEventStore({ connectionString: url, events: [events] });
const isZodError = z.string().safeParse(1).error;

/** Replaced as a whole: what the functions under test made, and what belongs to the application alone. */
const whole = new Set<unknown>([
  events,
  opened,
  retiringEvents,
  account,
  transfer,
  balances,
  store,
  postgresStore,
  mails,
  transport,
  openings,
  relay,
  process,
  consumer,
  text,
  relayOptions.metadata,
  tableOptions.metadata,
  isZodError,
  database,
  aggregateOptions.initialState,
  recorded.data,
]);

type Call = (...given: never[]) => unknown;
type Calls = Readonly<Record<string, readonly [call: Call, given: readonly unknown[]]>>;

const outcomeOf = (outcome: object) => ({ outcome });

/** A right call of each function that is exported, by its name, and of the functions that its result has. */
const calls: Calls = {
  defineEvents: [
    core.defineEvents,
    [
      'account',
      { opened: text },
      { retired: { created: { schema: text, readAs: ['opened'], upcast: () => [] } } },
    ],
  ],
  'defineEvents.create': [events.create.opened, [{ owner: 'a' }, { id: 'x', tags: ['a'], metadata: {} }]],
  'defineEvents.createRetired': [retiringEvents.createRetired.created, [{ owner: 'a' }, { tags: ['a'] }]],
  tagged: [core.tagged, [text, () => ({})]],
  eventSchemasOf: [core.eventSchemasOf, [[retiringEvents]]],
  compareEventSchemas: [
    core.compareEventSchemas,
    [core.eventSchemasOf([retiringEvents]), core.eventSchemasOf([retiringEvents])],
  ],
  checkHistory: [
    (options: never) => eventStore.checkHistory(emptyLog as never, options),
    [{ after: 0, filter: { types: ['a'] }, sample: 1, maxFailures: 1, onProgress: () => {} }],
  ],
  defineAggregate: [core.defineAggregate, [aggregateOptions]],
  defineDecision: [core.defineDecision, [decisionOptions]],
  defineFold: [core.defineFold, [foldOptions]],
  defineReaction: [
    core.defineReaction,
    [
      {
        name: 'mails',
        version: 1,
        events: [events],
        metadata: z.object({}),
        key: () => 'a',
        on: { 'account.opened': async () => {} },
        concurrency: 1,
        start: 'end',
        onFailure: 'stop',
        retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
        timeoutMs: 1,
      },
    ],
  ],
  defineProjection: [
    core.defineProjection,
    [
      {
        name: 'owners',
        events: [events],
        tables: { owners: { columns: { id: 'text' }, primaryKey: ['id'], indexes: [['id']] } },
        on: { 'account.opened': () => {} },
      },
    ],
  ],
  'defineProjection.onBatch': [
    core.defineProjection,
    [{ name: 'owners', events: [events], tables: {}, onBatch: () => {} }],
  ],
  defineTableProjection: [core.defineTableProjection, [tableOptions]],
  schemaVersions: [core.schemaVersions, [text]],
  'schemaVersions.next': [
    (schema: typeof text, step: () => never) => core.schemaVersions(text).next(schema, step),
    [text, () => ({})],
  ],
  reject: [core.reject, ['closed', { cents: 1 }]],
  replay: [core.replay, [account, [recorded], {}]],
  streamIdOf: [core.streamIdOf, ['account', '1']],
  categoryOf: [core.categoryOf, ['account-1']],
  aggregateIdOf: [core.aggregateIdOf, ['account-1']],
  assertId: [core.assertId, ['id', 'a']],
  assertProjectionName: [core.assertProjectionName, ['a']],
  assertSchemaName: [core.assertSchemaName, ['a']],
  uuidv7: [core.uuidv7, [1]],
  tokenOf: [core.tokenOf, [{ position: 1, id: 'a' }]],
  latestToken: [core.latestToken, [['v1.1.a']]],
  parseLogToken: [core.parseLogToken, ['v1.1.a']],
  toSchemaIssues: [core.toSchemaIssues, [isZodError, text]],
  accepted: [commands.accepted, [{ outcome: 'accepted' }]],
  rightsScript: [
    leftfold.rightsScript,
    [{ schema: 'a', projections: [balances], roles: { app: 'a' }, revokeAdvisoryLocks: false }],
  ],
  projectionSchema: [projections.projectionSchema, ['leftfold', balances]],
  inlineProjections: [projections.inlineProjections, [[balances], { schema: 'leftfold' }]],
  createProjectionRunner: [projections.createProjectionRunner, [{ store, projections: [balances] }]],
  createEventStore: [
    (options: never) => eventStore.createEventStore(options).close(),
    [{ connectionString: url, maxConnections: 1, events: [events], schema: 'a', limits: { events: 1 } }],
  ],
  'createEventStore.pool': [
    (options: never) => eventStore.createEventStore(options).close(),
    [{ pool: undefined, connectionString: undefined, events: [events] }],
  ],
  createCommandExecutor: [
    commands.createCommandExecutor,
    [
      {
        store,
        aggregates: [account],
        decisions: [transfer],
        metadata: text,
        middleware: [() => {}],
        retry: { attempts: 1 },
        cache: { aggregates: 1 },
        now: () => new Date(),
        newId: () => 'a',
        random: () => 1,
        onSnapshotError: () => {},
      },
    ],
  ],
  defineProcess: [core.defineProcess, [processOptions]],
  'message of a process': [
    (...given: never[]) => process.message(...(given as [never, never, never])),
    ['payments.paid', 'a', { cents: 1 }],
  ],
  ...sagaCalls(events, opened, process),
  processAggregates: [processes.processAggregates, [[process]]],
  instanceAggregates: [processes.instanceAggregates, [[process]]],
  createProcessRunner: [
    processes.createProcessRunner,
    [{ store: postgresStore, processes: [process], leaseMs: 1_000, execute: () => {}, onIncident: () => {} }],
  ],
  defineRelay: [messaging.defineRelay, [relayOptions]],
  createRelayRunner: [
    messaging.createRelayRunner,
    [{ store: postgresStore, relays: [relay], leaseMs: 1_000, batchSize: 1, onIncident: () => {} }],
  ],
  'describeLanguage of a relay': [
    messaging.describeLanguage,
    [{ relay, title: 'a', version: '1', address: 'a' }],
  ],
  describeLanguage: [
    messaging.describeLanguage,
    [
      {
        source: '/a',
        messages: [openings],
        mode: 'structured',
        title: 'a',
        version: '1',
        address: 'a',
      },
    ],
  ],
  checkCompatibility: [messaging.checkCompatibility, [language, language]],
  createReactionRunner: [
    subscriptions.createReactionRunner,
    [{ store: postgresStore, reactions: [mails], leaseMs: 1_000, execute: () => {} }],
  ],
  defineConsumer: [messaging.defineConsumer, [consumerOptions]],
  'defineConsumer.commands': [messaging.defineConsumer, [toCommands]],
  inboxSql: [messaging.inboxSql, [{ schema: 'a' }]],
  createConsumer: [
    (options: never) => messaging.createConsumer(options).stop(),
    [{ ...consumerOptions, database: { connectionString: url }, schema: 'a', preparedStatements: true }],
  ],
  createConsumerRunner: [
    (options: never) => messaging.createConsumerRunner(options).stop(),
    [
      {
        consumers: [consumer],
        database: { connectionString: url },
        schema: 'a',
        preparedStatements: true,
        execute: () => {},
        onIncident: () => {},
      },
    ],
  ],
  createApp: [
    leftfold.createApp,
    [
      {
        aggregates: [account],
        decisions: [transfer],
        projections: [balances],
        processes: [process],
        relays: [relay],
        consumers: [consumer],
        events: [events],
        schema: 'a',
        onProgress: () => {},
        onStart: () => {},
        store: { validateOnRead: true },
        commands: { cache: false },
        subscriptions: { run: false },
        database,
      },
    ],
  ],
  createMemoryStore: [
    testing.createMemoryStore,
    [{ events: [events], now: () => new Date(), limits: { events: 1 } }],
  ],
  given: [testing.given, [account, [opened], { now: new Date(), newId: () => 'a', metadata: {} }]],
  'given.when': [
    (command: never) => outcomeOf(testing.given(account).when(command)),
    [account.command.open('1', { owner: 'a' })],
  ],
  'given a decision': [testing.given, [transfer, [opened]]],
  'given a decision.when': [
    (command: never) => outcomeOf(testing.given(transfer).when(command)),
    [transfer.command({ owner: 'a' })],
  ],
  givenEvents: [
    testing.givenEvents,
    [
      [{ event: opened, streamId: 'account-1', recordedAt: new Date(0) }, [{ event: opened }], opened],
      { recordedAt: new Date(0) },
    ],
  ],
  'givenEvents.project': [
    (projection: never) => testing.givenEvents([opened]).project(projection),
    [balances],
  ],
  inStream: [testing.inStream, ['account-1', opened]],
  givenMessages: [testingMessages.givenMessages, [[greeting]]],
  'given messages.consume': [
    (of: never, options: never) => testingMessages.givenMessages([greeting]).consume(of, options),
    [consumer, { answer: () => undefined, duplicate: true, attempt: 1 }],
  ],
  ofKey: [testingMessages.ofKey, ['account-1', greeting]],
  relayed: [testingMessages.relayed, [relay, [opened]]],
};

/** Exported for the other packages, which call them with what was checked before. */
const ofTheFramework = new Set([
  'asStored',
  'asStoredData',
  'assertConsumer',
  'assertReadLogOptions',
  'assertRelay',
  'assertProcess',
  'assertNoAggregateOf',
  'newestOf',
  'assertTlsOptions',
  'copyJson',
  'estimatedJsonSize',
  'estimatedSize',
  'explainRow',
  'freezeWhole',
  'frozen',
  'hasEventOf',
  'queryProjection',
  'readProjections',
  'readUpTo',
  'retryDelayMs',
  'rowChanges',
  'statementsOf',
  'storedTypesOf',
  'toCloudEvent',
  'tokenColumns',
  'toRetryPolicy',
  'traced',
  'untilAborted',
]);
/** Their options are tested where they write files and start servers; it takes any value. */
const testedElsewhere = new Set([
  'certificateProblem',
  'checkEventSchemas',
  'checkLanguage',
  'startPostgres',
  'httpStatusOf',
]);

function isFunction([, value]: readonly [string, unknown]): boolean {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}

test('every function that a package exports is among the calls', () => {
  const packages = [
    core,
    commands,
    eventStore,
    messaging,
    processes,
    projections,
    testing,
    testingMessages,
    embedded,
    leftfold,
  ];
  const exported = packages.flatMap((one) =>
    Object.entries(one)
      .filter(isFunction)
      .map(([name]) => name),
  );
  const known = new Set([...Object.keys(calls), ...ofTheFramework, ...testedElsewhere]);
  expect(exported.filter((name) => !known.has(name))).toEqual([]);
});

/** One that throws when it is read has no words of its own. */
function shown(wrong: unknown): string {
  try {
    return inspect(wrong, { showProxy: true });
  } catch {
    return 'an object that cannot be read';
  }
}

describe('a wrong argument, or a wrong part of one, is a typed error or makes no difference', () => {
  beforeAll(() => void vi.stubEnv('DATABASE_URL', url));
  afterAll(() => void vi.unstubAllEnvs());

  test.for(Object.entries(calls))('%s', { timeout: 30_000 }, async ([name, [call, given]]) => {
    guarantee('invalid-input');
    const attempt = async (wrong: readonly unknown[]): Promise<void> => {
      const result = call(...(wrong as never[]));
      if (types.isPromise(result)) await result;
    };
    if (name !== 'createApp' && name !== 'createEventStore.pool' && name !== 'createProjectionRunner')
      await attempt(given);
    for (const wrong of wrongCalls(given, whole)) {
      const error: unknown = await attempt(wrong.given).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined || core.LeftfoldError.is(error)) continue;
      expect.fail(`${wrong.path} as ${shown(wrong.wrong)}: ${inspect(error)}`);
    }
  });
});

test('a definition in the place of another one is named, with the place for it', async () => {
  const reaction = core.defineReaction({
    name: 'mails',
    events: [events],
    on: { 'account.opened': async () => {} },
  });
  const misplaced: readonly (readonly [options: object, message: string])[] = [
    [{ projections: [reaction] }, 'not reaction "mails"; an app takes that in reactions'],
    [{ relays: [consumer] }, 'not consumer "openings-in"; an app takes that in consumers'],
    [{ consumers: [relay] }, 'not relay "openings-out"; an app takes that in relays'],
    [{ reactions: [process] }, 'not process "payment"; an app takes that in processes'],
    [{ processes: [reaction] }, 'not reaction "mails"; an app takes that in reactions'],
    [{ reactions: [relay] }, 'not relay "openings-out"; an app takes that in relays'],
    [{ reactions: [balances] }, 'not projection "balances"; an app takes that in projections'],
    [{ aggregates: [transfer] }, 'not decision "transfer"; an app takes that in decisions'],
    [{ decisions: [account] }, 'not aggregate "account"; an app takes that in aggregates'],
    [{ events: [account] }, 'not aggregate "account"; an app takes that in aggregates'],
  ];
  for (const [options, message] of misplaced)
    await expect(leftfold.createApp(options)).rejects.toThrow(message);
});
