import { account, accountEvents, deposited, withdrawn } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { type Cut, cutConnection } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createApp, defineReaction } from '../src/index.ts';

const test = databaseTest();
const patient = { timeoutMs: 20_000 } as const;
const STREAMS = ['account-1', 'account-2'];
const CENTS = [1, 2, 3];

/** A command for each withdrawal. The first one of the second account fails once, and is set aside until it is due. */
function refunding() {
  const effects: { readonly stream: string; readonly cents: number }[] = [];
  let failed = false;
  const refunds = defineReaction({
    name: 'refunds',
    events: [accountEvents],
    onFailure: 'park',
    retry: { attempts: 5, firstDelayMs: 5, maxDelayMs: 10 },
    on: {
      'account.withdrawn': async ({ streamId, data: { cents } }, { execute }) => {
        if (streamId === STREAMS[1] && !failed) {
          failed = true;
          throw new Error('busy');
        }
        await execute(account.command.deposit(`refunds-of-${streamId}`, { cents }));
        effects.push({ stream: streamId, cents });
      },
    },
  });
  return { refunds, effects };
}

/** Runs the reaction for three withdrawals of each account; a session of its app is cut as `cutOf` says. */
async function react(
  { connectionString }: TestDatabase,
  schema: string,
  when: Cut['when'],
  isHere: (text: string) => boolean,
) {
  const { refunds, effects } = refunding();
  const open = (run: boolean) =>
    createApp({
      schema,
      database: { url: connectionString },
      aggregates: [account],
      reactions: [refunds],
      subscriptions: { run, onIncident: () => {} },
    });
  await using writer = await open(false);
  await using app = await open(true);
  await app.ready(patient);
  let armed = false;
  const isCut = cutConnection(app.store, { when, isHere: (text) => armed && isHere(text) });
  armed = true;
  for (const stream of STREAMS) await writer.store.append(stream, [deposited(100)]);
  await writer.store.append(STREAMS[0]!, CENTS.map(withdrawn));
  await writer.store.append(STREAMS[1]!, CENTS.map(withdrawn));
  await app.reactions.whenCaughtUp(refunds, patient);
  const refunded = [];
  for (const stream of STREAMS) {
    const cents: number[] = [];
    for await (const { data } of writer.store.readStream(`account-refunds-of-${stream}`))
      cents.push((data as { readonly cents: number }).cents);
    refunded.push(cents);
  }
  return { isCut, effects, refunded, status: await app.reactions.status() };
}

/** Whether no event overtakes an earlier one: what is repeated begins at an event that was processed before. */
function isInOrder(cents: readonly number[]): boolean {
  let newest = 0;
  return cents.every((next) => {
    const follows = next <= newest + 1;
    newest = Math.max(newest, next);
    return follows;
  });
}

describe('a reaction whose connection is cut', () => {
  // The part of a statement; where given, it is the first one after another statement.
  const statements = {
    'its look at the end of the log': ['_high_water_mark'],
    'its read of the log': ['select position, stream_id'],
    'its look at the lease': ['until_position'],
    'the load of its command': ['event_bytes'],
    'the append of its command': ['_append_one'],
    'the record of its batch': ['_advance_checkpoint', '_append_one'],
    'its look for due keys': ['parked.failed_position'],
    'the read of a due key': ['with ordinality as wanted'],
    'the record of a due key': ['_advance_checkpoint', 'with ordinality as wanted'],
  } as const;
  let schemas = 0;

  test.for([
    ['before', 'its look at the end of the log'],
    ['before', 'its read of the log'],
    ['after', 'its look at the lease'],
    ['before', 'the load of its command'],
    ['before', 'the append of its command'],
    ['after', 'the append of its command'],
    ['before', 'the record of its batch'],
    ['after', 'the record of its batch'],
    ['before', 'its look for due keys'],
    ['after', 'the read of a due key'],
    ['before', 'the record of a due key'],
    ['after', 'the record of a due key'],
  ] as const)(
    '%s %s processes each event, in order, and its commands once',
    async ([when, what], { database }) => {
      guarantee('reactions-at-least-once', 'reactions-in-order', 'commands-of-reactions-once');
      const [part, earlier = ''] = statements[what];
      let reached = earlier === '';
      schemas += 1;
      const { isCut, effects, refunded, status } = await react(database, `cut_${schemas}`, when, (text) => {
        if (reached) return text.includes(part);
        reached = text.includes(earlier);
        return false;
      });
      expect(isCut()).toBe(true);
      expect(refunded).toEqual([CENTS, CENTS]);
      for (const stream of STREAMS) {
        const processed = effects.filter((effect) => effect.stream === stream).map(({ cents }) => cents);
        expect(new Set(processed)).toEqual(new Set(CENTS));
        expect(processed).toSatisfy(isInOrder);
      }
      expect(status).toMatchObject([{ state: 'running', parked: { keys: 0, events: 0 } }]);
    },
  );
});
