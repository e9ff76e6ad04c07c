import { defineEvents, InvalidEventError, type NewEvent } from '@leftfold/core';
import { accountEvents, deposited, opened } from '@leftfold/testbed/bank';
import { disposeAfter } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createEventStore, type PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

const noteEvents = defineEvents('note', {
  written: z.object({ text: z.string(), more: z.json().optional() }),
});
const written = (text: string, more?: z.core.util.JSONType): NewEvent =>
  noteEvents.create.written({ text, more });
const withId = (id: string): NewEvent => ({ ...opened, id });

interface Rejection {
  readonly what: string;
  /** The call, on a store with small limits. */
  readonly call: (store: PostgresEventStore) => Promise<unknown>;
  readonly code?: string;
  readonly name?: string;
  /** The thing, and what to do about it. */
  readonly message: string;
}

const tooLong = 'x'.repeat(256);
const append = (store: PostgresEventStore, ...events: readonly NewEvent[]) => store.append('mixed-1', events);

const names: readonly Rejection[] = [
  {
    what: 'an empty stream id',
    call: (store) => store.append('', [opened]),
    code: 'INVALID_NAME',
    message: 'stream id "" must be a text that is not empty',
  },
  {
    what: 'a stream id that is too long',
    call: (store) => store.append(tooLong, [opened]),
    code: 'INVALID_NAME',
    message: 'stream id of 256 characters is too long: at most 255 characters are allowed',
  },
  {
    what: 'a stream id with a NUL character',
    call: (store) => store.append('mixed-\0', [opened]),
    code: 'INVALID_NAME',
    message: 'stream id "mixed-\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'a stream id with half of a surrogate pair',
    call: (store) => store.append('mixed-\ud800', [opened]),
    code: 'INVALID_NAME',
    message: 'stream id "mixed-\\ud800" has half of a surrogate pair; remove it',
  },
  {
    what: 'an event id with a NUL character',
    call: (store) => append(store, withId('\0')),
    code: 'INVALID_NAME',
    message: 'event id "\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'an event id that is too long',
    call: (store) => append(store, withId(tooLong)),
    code: 'INVALID_NAME',
    message: 'event id of 256 characters is too long: at most 255 characters are allowed',
  },
  {
    what: 'a command id that leaves no room for what is added to it',
    call: (store) => store.append('mixed-1', [opened], { commandId: 'x'.repeat(255) }),
    code: 'INVALID_NAME',
    message:
      'command id of 255 characters is too long: with ":" and the number of an event it has 257 characters, and at most 255 are allowed',
  },
  {
    what: 'an empty tag',
    call: (store) => append(store, { ...opened, tags: [''] }),
    code: 'INVALID_NAME',
    message: 'tag "" must be a text that is not empty',
  },
  {
    what: 'reading a stream whose id has a NUL character',
    call: (store) => collect(store.readStream('mixed-\0')),
    code: 'INVALID_NAME',
    message: 'stream id "mixed-\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'reading a stream whose id is another one by the time that it is sent',
    call: (store) => collect(store.readStream('mixed-\ud800')),
    code: 'INVALID_NAME',
    message: 'stream id "mixed-\\ud800" has half of a surrogate pair; remove it',
  },
  {
    what: 'a filter by a tag with a NUL character',
    call: (store) => collect(store.readAll({ filter: { tags: ['\0'] } })),
    code: 'INVALID_NAME',
    message: 'tag "\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'a filter by a category with a NUL character',
    call: async (store) => collect(store.subscribe({ filter: { category: 'a\0' } })),
    code: 'INVALID_NAME',
    message: 'category "a\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'the events of a command whose id has a NUL character',
    call: (store) => store.eventsOfCommand('\0'),
    code: 'INVALID_NAME',
    message: 'command id "\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'a snapshot of a stream whose id has a NUL character',
    call: (store) => store.loadSnapshot('mixed-\0', 'key'),
    code: 'INVALID_NAME',
    message: 'stream id "mixed-\\u0000" has a control character (NUL included); remove it',
  },
  {
    what: 'a snapshot under a key that is too long',
    call: (store) => store.saveSnapshot('mixed-1', tooLong, { streamVersion: 1, position: 1, state: {} }),
    code: 'INVALID_NAME',
    message: 'snapshot key of 256 characters is too long: at most 255 characters are allowed',
  },
];

const payloads: readonly Rejection[] = [
  {
    what: 'an event type that no definition knows',
    call: (store) => append(store, { type: 'note.burnt', schemaVersion: 1, data: {} }),
    code: 'UNKNOWN_EVENT',
    message: `event type "note.burnt" is unknown here; add its defineEvents(...) to the store's events`,
  },
  {
    what: 'an event of a schema version that is not known',
    call: (store) => append(store, { ...opened, schemaVersion: 3 }),
    code: 'UNKNOWN_EVENT',
    message:
      'event type "account.opened" was made with schema version 3, and version 1 is written here; make it by create of the defineEvents(...) that the store has',
  },
  {
    what: 'data that does not fit, handed in past the creator',
    call: (store) => append(store, { ...opened, data: { owner: 7 } }),
    code: 'INVALID_EVENT',
    message: 'data of event "account.opened" version 1 does not fit: owner:',
  },
  {
    what: 'data with a NUL character, deep inside',
    call: (store) => append(store, written('fine', { a: [{ b: 'x\0y' }] })),
    code: 'INVALID_EVENT',
    message:
      'data of event "note.written" version 1 does not fit: more.*.0.*: has a NUL character or half of a surrogate pair, which Postgres cannot store; remove it',
  },
  {
    what: 'data with half of a surrogate pair',
    call: (store) => append(store, written('\udc00')),
    code: 'INVALID_EVENT',
    message: 'text: has a NUL character or half of a surrogate pair',
  },
  {
    what: 'data with a key that has a NUL character',
    call: (store) => append(store, written('fine', { 'a\0': 1 })),
    code: 'INVALID_EVENT',
    message: 'has a NUL character or half of a surrogate pair',
  },
  {
    what: 'metadata with a NUL character',
    call: (store) => store.append('mixed-1', [opened], { metadata: { actor: '\0' } }),
    code: 'INVALID_EVENT',
    message: 'metadata of append does not fit: actor:',
  },
  {
    what: 'an event that is larger than the limit',
    call: (store) => append(store, written('x'.repeat(2_000))),
    code: 'APPEND_TOO_LARGE',
    message:
      'size of event "note.written" in bytes for stream "mixed-1" is 2013, the limit is 1000; split it',
  },
  {
    what: 'an event whose few characters are many bytes',
    call: (store) => append(store, written('€'.repeat(400))),
    code: 'APPEND_TOO_LARGE',
    message: 'size of event "note.written" in bytes for stream "mixed-1" is 1213, the limit is 1000',
  },
  {
    what: 'an append that is larger than the limit as a whole',
    call: (store) => append(store, ...Array.from({ length: 9 }, () => written('x'.repeat(900)))),
    code: 'APPEND_TOO_LARGE',
    message: 'size of the append in bytes for stream "mixed-1" is 5478, the limit is 5000',
  },
  {
    what: 'too many events at once',
    call: (store) => append(store, ...Array.from({ length: 11 }, () => opened)),
    code: 'APPEND_TOO_LARGE',
    message: 'number of events for stream "mixed-1" is 11, the limit is 10; split it',
  },
  {
    what: 'too many tags',
    call: (store) =>
      append(store, { ...opened, tags: Array.from({ length: 65 }, (_, index) => `t:${index}`) }),
    code: 'APPEND_TOO_LARGE',
    message:
      'number of tags of event "account.opened" for stream "mixed-1" is 65, the limit is 64; give it fewer, or make several events of it',
  },
  {
    what: 'too many queries',
    call: (store) =>
      store.append('mixed-1', [opened], {
        condition: { failIfMatch: Array.from({ length: 65 }, (_, index) => ({ tags: [`t:${index}`] })) },
      }),
    code: 'APPEND_TOO_LARGE',
    message:
      'number of queries of a condition for stream "mixed-1" is 65, the limit is 64; ask for fewer queries, by a tag that all of these events have',
  },
  {
    what: 'a wait for nothing',
    call: (store) => store.waitForHighWaterMark({} as never),
    code: 'INVALID_ARGUMENT',
    message: 'after must be a whole number from 0, not undefined',
  },
  {
    what: 'a wait without options',
    call: (store) => store.waitForHighWaterMark(null as never),
    code: 'INVALID_ARGUMENT',
    message: 'options must be an object, not null',
  },
  {
    what: 'a high-water mark of no place',
    call: (store) => store.highWaterMark(null as never),
    code: 'INVALID_ARGUMENT',
    message: 'from must be an object, not null',
  },
  {
    what: 'more streams than can be locked, where one is only checked',
    call: (store) =>
      store.appendToStreams(
        Array.from({ length: 1_001 }, (_, index) => ({ streamId: `mixed-${index}`, events: [] })),
      ),
    code: 'APPEND_TOO_LARGE',
    message: 'number of streams in an append that checks one for stream "mixed-0" is 1001, the limit is 1000',
  },
  {
    what: 'one event id twice in an append',
    call: (store) => append(store, withId('twice'), withId('twice')),
    code: 'EVENT_ID_REUSED',
    message: 'event id "twice" is already recorded for another event',
  },
];

const mistakes: readonly Rejection[] = [
  {
    what: 'an expected version that is none',
    call: (store) => store.append('mixed-1', [opened], { expectedVersion: 1.5 }),
    code: 'INVALID_ARGUMENT',
    message: `expectedVersion must be a whole number from 0, 'any', 'no-stream' or 'stream-exists', not 1.5`,
  },
  {
    what: 'a negative expected version',
    call: (store) => store.append('mixed-1', [opened], { expectedVersion: -1 }),
    code: 'INVALID_ARGUMENT',
    message: 'expectedVersion must be a whole number from 0',
  },
  {
    what: 'an append to no stream',
    call: (store) => store.appendToStreams([]),
    code: 'INVALID_ARGUMENT',
    message: 'appends must name at least one stream',
  },
  {
    what: 'one stream twice in an append',
    call: (store) => store.appendToStreams([1, 2].map(() => ({ streamId: 'mixed-1', events: [opened] }))),
    code: 'INVALID_ARGUMENT',
    message: 'appends name stream "mixed-1" twice; join its events',
  },
  {
    what: 'a position that is no number',
    call: (store) => collect(store.readAll({ after: Number.NaN })),
    code: 'INVALID_ARGUMENT',
    message: 'after must be a position from 0, or a token, not NaN',
  },
  {
    what: 'a position that is no whole number',
    call: async (store) => collect(store.subscribe({ after: 0.5 })),
    code: 'INVALID_ARGUMENT',
    message: 'after must be a position from 0, or a token, not 0.5',
  },
  {
    what: 'a page of nothing',
    call: (store) => store.readPage({ after: 0, upTo: 0, limit: 0 }),
    code: 'INVALID_ARGUMENT',
    message: 'limit must be a whole number from 1, not 0',
  },
  ...(['from', 'to', 'limit', 'untilPosition'] as const).map(
    (option): Rejection => ({
      what: `a stream's ${option} that is no number`,
      call: (store) => collect(store.readStream('mixed-1', { [option]: Number.NaN })),
      code: 'INVALID_ARGUMENT',
      message: `${option} must be a whole number from 0, not NaN`,
    }),
  ),
  {
    what: 'an instant that is none',
    call: (store) => collect(store.readStream('mixed-1', { untilTime: new Date('yesterday') })),
    code: 'INVALID_ARGUMENT',
    message: 'untilTime must be a valid Date, not an invalid Date',
  },
];

/** Tests on a store with small limits. */
const test = storeTest.extend('store', { scope: 'file' }, ({ database }, fixture) =>
  disposeAfter(
    fixture,
    openStore(database.connectionString, {
      events: [accountEvents, noteEvents],
      limits: { eventBytes: 1_000, appendBytes: 5_000, events: 10 },
    }),
  ),
);

describe('bad input', () => {
  test.beforeAll(async ({ store }) => {
    await store.append('account-kept', [opened]);
  });

  test.for([...names, ...payloads, ...mistakes].map((rejection) => [rejection.what, rejection] as const))(
    'is refused by an error that names it and says what to do: %s',
    async ([, { call, code, name, message }], { store }) => {
      guarantee('invalid-input');
      const before = await collect(store.readAll());
      // Whoever is in the same breath is not harmed.
      const [failure] = await Promise.all([
        failureOf(call(store)),
        store.append('account-mate', [deposited(1)]),
      ]);
      const refused = code === undefined ? { name } : { code, retryable: false };
      expect(failure).toBeInstanceOf(Error);
      expect(failure).toMatchObject({ ...refused, message: expect.stringContaining(message) });
      expect(await collect(store.readAll())).toHaveLength(before.length + 1);
    },
  );

  test('fails before anything is sent, and no message contains the value', async ({ store }) => {
    const secret = 'hunter2';
    let failure: unknown;
    try {
      accountEvents.create.deposited({ cents: secret as never });
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(InvalidEventError);
    expect(JSON.stringify(failure) + String(failure)).not.toContain(secret);
    const inText = await failureOf(append(store, written(`${secret}\0`)));
    expect(JSON.stringify(inText) + String(inText)).not.toContain(secret);
  });

  test('such as two definitions of one event is refused when the store is made', ({ database }) => {
    const again = defineEvents('account', { opened: z.object({}) });
    const make = () =>
      createEventStore({ connectionString: database.connectionString, events: [accountEvents, again] });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'DUPLICATE_DEFINITION',
        definition: 'account.opened',
        message: 'two definitions of event "account.opened" were given; rename one of them or pass it once',
      }),
    );
  });

  test('such as neither connection string nor pool fails when the store is created', () => {
    expect(() => createEventStore({ events: [] })).toThrow(
      expect.objectContaining({
        code: 'DATABASE_NOT_CONFIGURED',
        message: 'no database is configured: give either a connectionString or a pool',
      }),
    );
  });

  test('that only looks bad comes back as it was', async ({ store }) => {
    const texts = [
      '\\u0000',
      '\\\\u0000',
      '"quoted"',
      "o'clock",
      '{a,b}',
      'NULL',
      '\\',
      '\u2028',
      '😀',
      ' ',
      '\u007f',
      '\t\n',
    ];
    const tags = ['a:b,c', '{x}', '"q"', '\\', 'NULL', "it's", 'ä:ö', '😀:1', ' '];
    for (const [index, text] of texts.entries()) {
      const streamId = `mixed-${tags[index % tags.length]}`;
      const single = await store.append(streamId, [{ ...written(text), tags }]);
      const [one, two] = (
        await store.append(streamId, [written(text, { [text]: text }), { ...written(text), tags }])
      ).events;
      const recorded = await collect(store.readStream(streamId, { from: single.streamVersion }));
      expect(recorded).toEqual([...single.events, one, two]);
    }
  });
});
