import { inspect } from 'node:util';
import { LeftfoldError } from '@leftfold/core';
import { account, balances, movements, opened, transfer } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { tokenOf } from '../src/index.ts';
import { type Bank, test } from './app-test.ts';
import { wrongCalls } from './wrong-calls.ts';

type Call = (...given: never[]) => unknown;

const bound =
  <TOwner extends object>(owner: TOwner, name: keyof TOwner): Call =>
  (...given) =>
    (owner[name] as Call).apply(owner, given);

const parked = (app: Bank, name: keyof Bank['projections']['parked']) => bound(app.projections.parked, name);

const atLeast = tokenOf(undefined);
const timeoutMs = 0;
const unknownEvents = 'fail';
const deposit = { ...account.command.deposit('1', { cents: 1 }) };
const move = { ...transfer.command({ from: '1', to: '2', cents: 1 }) };
const plain = { type: 'account.opened', schemaVersion: 1, data: { owner: 'a' }, tags: ['a'], id: 'a' };
const check = () => true;

/** Replaced as a whole. */
const whole = new Set<unknown>([account, balances, movements, transfer, opened]);

/** A right call of each method, by its name. Left out are those that wait for ever without an option. */
const calls: Readonly<Record<string, readonly [of: (app: Bank) => Call, given: readonly unknown[]]>> = {
  execute: [
    (app) => bound(app, 'execute'),
    [deposit, { commandId: 'c-1', metadata: { a: { b: 1 } }, retry: { attempts: 1 } }],
  ],
  'execute with a cause': [
    (app) => bound(app, 'execute'),
    [deposit, { causedBy: { id: 'a', metadata: { correlationId: 'b' } }, expectedVersion: 'any' }],
  ],
  'execute a decision': [(app) => bound(app, 'execute'), [move, { expectedVersion: { from: 1 } }]],
  parseCommand: [(app) => bound(app, 'parseCommand'), [deposit]],
  load: [(app) => bound(app, 'load'), [account, '1', { atVersion: 1 }]],
  query: [
    (app) => bound(app, 'query'),
    [balances, { atLeast, ifNotCaughtUp: 'fail', onToken: () => {}, timeoutMs }],
  ],
  read: [
    (app) => bound(app, 'read'),
    [[balances, movements], { consistency: 'eventual', ifNotCaughtUp: 'fail', timeoutMs }, async () => {}],
  ],
  health: [(app) => bound(app, 'health'), [{ maxLagSeconds: 1, timeoutMs }]],
  'store.append': [
    (app) => bound(app.store, 'append'),
    ['account-1', [opened], { condition: { failIfMatch: { tags: ['a:1'] }, after: 0 }, expectedVersion: 0 }],
  ],
  'store.append, an event without a creator': [
    (app) => bound(app.store, 'append'),
    ['account-1', [{ ...plain, metadata: { a: [{}] } }]],
  ],
  'store.appendToStreams': [
    (app) => bound(app.store, 'appendToStreams'),
    [[{ streamId: 'account-1', events: [opened], expectedVersion: 0 }], {}],
  ],
  'store.lockForAppend': [
    (app) => bound(app.store, 'lockForAppend'),
    [[{ streamId: 'account-1', events: [opened], expectedVersion: 0 }], {}],
  ],
  'store.readStream': [
    (app) => bound(app.store, 'readStream'),
    ['account-1', { from: 1, to: 2, backwards: true, limit: 1, untilTime: new Date(), unknownEvents }],
  ],
  'store.readAll': [
    (app) => bound(app.store, 'readAll'),
    [{ after: 0, filter: { types: ['account.opened'], tags: ['a:1'], category: 'account' }, limit: 1 }],
  ],
  'store.readForDecision': [
    (app) => bound(app.store, 'readForDecision'),
    [{ tags: ['a:1'] }, { unknownEvents }],
  ],
  'store.eventsOfCommand': [(app) => bound(app.store, 'eventsOfCommand'), ['a']],
  'projections.waitFor': [(app) => bound(app.projections, 'waitFor'), [balances, atLeast, { timeoutMs }]],
  'projections.reset': [(app) => bound(app.projections, 'reset'), [balances]],
  'projections.resume': [(app) => bound(app.projections, 'resume'), [balances]],
  'projections.explain': [
    (app) => bound(app.projections, 'explain'),
    [balances, { account_id: '1' }, { changes: 1 }],
  ],
  'projections.versions': [(app) => bound(app.projections, 'versions'), [balances]],
  'projections.dropVersion': [(app) => bound(app.projections, 'dropVersion'), ['balances', 7]],
  'projections.dropRebuild': [(app) => bound(app.projections, 'dropRebuild'), [balances]],
  'projections.pauseRebuild': [(app) => bound(app.projections, 'pauseRebuild'), [balances]],
  'projections.asOf': [(app) => bound(app.projections, 'asOf'), [balances, { position: 1 }, {}]],
  'parked.list': [(app) => parked(app, 'list'), [balances, { after: 'a', limit: 1 }]],
  'parked.events': [(app) => parked(app, 'events'), [balances, 'a', { after: 1, limit: 1 }]],
  'parked.resume': [(app) => parked(app, 'resume'), [balances, ['a']]],
  'parked.giveUp': [(app) => parked(app, 'giveUp'), [balances, 'a', { upTo: 1, by: 'a', reason: 'b' }]],
  'history.firstViolation': [
    (app) => bound(app.history, 'firstViolation'),
    [{ filter: { types: ['account.opened'] }, initialState: { a: {} }, evolve: () => ({}), check }],
  ],
  'history.firstViolation, of an aggregate': [
    (app) => bound(app.history, 'firstViolation'),
    [{ aggregate: account, id: '1', check }],
  ],
  'history.firstViolation, of a row': [
    (app) => bound(app.history, 'firstViolation'),
    [{ projection: balances, key: { account_id: '1' }, check }],
  ],
};

interface Result extends Partial<AsyncIterable<unknown>>, Partial<AsyncDisposable> {
  readonly events?: Partial<AsyncIterable<unknown>> | undefined;
  readonly execute?: (() => Promise<unknown>) | undefined;
}

/** Reads what a call returned: queries are sent then. */
async function settled(returned: unknown): Promise<void> {
  const result = (await returned) as Result | undefined;
  await result?.execute?.();
  for (const events of [result, result?.events]) await events?.[Symbol.asyncIterator]?.().next();
  await result?.[Symbol.asyncDispose]?.();
}

describe('a wrong argument of a method, or a wrong part of one, is a typed error or makes no difference', () => {
  test.for(Object.entries(calls))('%s', async ([, [of, given]], { app }) => {
    guarantee('invalid-input');
    const call = of(app);
    for (const { path, wrong, given: wrongOnes } of wrongCalls(given, whole)) {
      const error: unknown = await Promise.resolve()
        .then(() => settled(call(...(wrongOnes as never[]))))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      if (error === undefined || LeftfoldError.is(error)) continue;
      // What a callback of the caller throws is thrown as it is.
      if (typeof wrong !== 'function') expect.fail(`${path}: ${inspect(error)}`);
    }
  });
});
