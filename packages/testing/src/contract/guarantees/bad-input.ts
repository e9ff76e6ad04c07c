import type {
  AppendCondition,
  AppendOptions,
  ErrorCode,
  EventQuery,
  ExpectedVersion,
  NewEvent,
} from '@leftfold/core';
import { expect } from 'vitest';
import { collect, type Guarantee, letterEvents, scanned, sent, type Trial } from '../trial.ts';

/** Texts that are not valid ids. */
const notIds = ['', 'x'.repeat(256), 'a\u0000b', 'a\nb', 'a\ud83e'];

/** What arrives in place of a number, from a form or a query string. */
const notNumbers: readonly unknown[] = [
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  '7',
  '',
  null,
  true,
  7n,
  {},
  [7],
];

/** @param what names the attempt when it is not refused */
async function refusesArgument(attempt: Promise<unknown>, what?: string): Promise<void> {
  await expect(attempt, what).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', retryable: false });
}

/** Makes an invalid append, alone and together with a valid one. It must fail and append nothing. */
export async function refuses(
  { store, stream }: Trial,
  code: ErrorCode,
  events: readonly NewEvent[],
  options: AppendOptions = {},
): Promise<void> {
  await expect(store.append(stream(), events, options)).rejects.toMatchObject({ code, retryable: false });
  const beside = [
    { streamId: stream('good'), events: [sent] },
    { streamId: stream(), events },
  ];
  await expect(store.appendToStreams(beside, options)).rejects.toMatchObject({ code, retryable: false });
  for (const name of [stream(), stream('good')]) expect(await collect(store.readStream(name))).toEqual([]);
}

export const badInputGuarantees = {
  'an empty or too long stream id, or one with a control character, is INVALID_NAME': async ({
    guarantee,
    store,
  }) => {
    guarantee('invalid-input');
    for (const streamId of notIds) {
      await expect(store.append(streamId, [sent])).rejects.toMatchObject({ code: 'INVALID_NAME' });
      await expect(store.append(streamId, [])).rejects.toMatchObject({ code: 'INVALID_NAME' });
    }
  },

  'a read of an invalid name is INVALID_NAME': async ({ store }) => {
    for (const name of notIds) {
      const reads = [
        collect(store.readStream(name)),
        store.eventsOfCommand(name),
        collect(store.readAll({ filter: { category: name } })),
        collect(store.readAll({ filter: { types: [name] } })),
        collect(store.readAll({ filter: { tags: [name] } })),
      ];
      const refused = { status: 'rejected', reason: { code: 'INVALID_NAME' } };
      for (const outcome of await Promise.allSettled(reads)) expect(outcome).toMatchObject(refused);
    }
  },

  'an invalid event id, command id or tag is INVALID_NAME': async (trial) => {
    for (const text of notIds) {
      await refuses(trial, 'INVALID_NAME', [{ ...sent, id: text }]);
      await refuses(trial, 'INVALID_NAME', [{ ...sent, tags: ['a:1', text] }]);
      await refuses(trial, 'INVALID_NAME', [sent], { commandId: text });
    }
  },

  'an append of an unknown event type is UNKNOWN_EVENT': async (trial) => {
    await refuses(trial, 'UNKNOWN_EVENT', [sent, { type: 'parcel.lost', schemaVersion: 1, data: {} }]);
    await refuses(trial, 'UNKNOWN_EVENT', [letterEvents.first.create.sent({ name: 'Ada' })]);
  },

  'an append of another schema version than the newest is UNKNOWN_EVENT': async (trial) => {
    await refuses(trial, 'UNKNOWN_EVENT', [{ ...sent, schemaVersion: 2 }]);
    await refuses(trial, 'UNKNOWN_EVENT', [{ ...sent, schemaVersion: 0 }]);
  },

  'an expected version that is no version is INVALID_ARGUMENT': async ({ guarantee, store, stream }) => {
    guarantee('invalid-input');
    for (const given of [...notNumbers, 'sometimes', -1]) {
      const expectedVersion = given as ExpectedVersion;
      const beside = [
        { streamId: stream('good'), events: [sent] },
        { streamId: stream(), events: [], expectedVersion },
      ];
      await refusesArgument(store.append(stream(), [sent], { expectedVersion }));
      await refusesArgument(store.append(stream(), [], { expectedVersion }));
      await refusesArgument(store.appendToStreams(beside));
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
    expect(await collect(store.readStream(stream('good')))).toEqual([]);
  },

  'a condition without a query, or with an empty list, is INVALID_ARGUMENT; an invalid tag is INVALID_NAME':
    async ({ store, stream }) => {
      const attempt = (condition: object) =>
        store.append(stream(), [sent], { condition: condition as AppendCondition });
      const without = [
        undefined,
        null,
        'a:1',
        7,
        [],
        [null],
        { tags: [] },
        { types: [] },
        { tags: 'a:1' },
        { tags: ['a:1'], type: ['parcel.sent'] },
        { tags: ['a:1'], types: 'parcel.sent' },
        { tags: ['a:1'], types: [] },
        [{ tags: ['a:1'] }, { tags: [] }],
      ];
      for (const failIfMatch of without) await refusesArgument(attempt({ failIfMatch }));
      await refusesArgument(attempt({ failIfMatch: { tags: ['a:1'] }, behind: 7 }));
      for (const text of notIds) {
        const refused = { code: 'INVALID_NAME' };
        await expect(attempt({ failIfMatch: { tags: ['a:1', text] } })).rejects.toMatchObject(refused);
        const types = [text];
        await expect(attempt({ failIfMatch: { tags: ['a:1'], types } })).rejects.toMatchObject(refused);
      }
      expect(await collect(store.readStream(stream()))).toEqual([]);
    },

  'a condition after what is no position is INVALID_ARGUMENT': async ({ store, stream }) => {
    for (const after of [...notNumbers, -1] as number[]) {
      const condition = { failIfMatch: { tags: ['a:1'] as const }, after };
      await refusesArgument(store.append(stream(), [sent], { condition }));
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a bound of a read that is no whole number is INVALID_ARGUMENT': async ({ guarantee, store, stream }) => {
    guarantee('invalid-input');
    await store.append(stream(), [sent]);
    for (const bad of [...notNumbers, -1]) {
      for (const option of ['from', 'to', 'limit', 'untilPosition'])
        await refusesArgument(collect(store.readStream(stream(), { [option]: bad })), option);
      for (const option of ['after', 'limit', 'untilPosition'])
        await refusesArgument(collect(store.readAll({ [option]: bad })), option);
      await refusesArgument((async () => collect(store.subscribe({ after: bad as number })))());
    }
    const notInstants = [new Date(Number.NaN), new Date(-8.64e15), '2026-01-01', 0, null, {}] as Date[];
    for (const untilTime of notInstants)
      await refusesArgument(collect(store.readStream(stream(), { untilTime })));
    const lastInstant = new Date(8.64e15);
    expect(await collect(store.readStream(stream(), { untilTime: lastInstant }))).toHaveLength(1);
  },

  'a filter that is none, or has a misspelt part, is INVALID_ARGUMENT': async ({ store }) => {
    const notFilters = [
      null,
      [],
      [null],
      Array(1),
      [{ tags: ['a:1'] }, { tag: 'a:1' }],
      Array.from({ length: 65 }, () => ({ tags: ['a:1'] })),
      '1',
      7,
      ['parcel.sent'],
      { type: ['parcel.sent'] },
      { types: '1' },
      { types: null },
      { types: { 0: 'parcel.sent', length: 1 } },
      { tags: 'a:1' },
      { tag: 'a:1' },
    ];
    for (const given of notFilters) {
      const filter = given as EventQuery;
      await refusesArgument(collect(store.readAll({ filter })));
      await refusesArgument((async () => collect(store.subscribe({ filter })))());
    }
    const notWords = [
      { types: [null] },
      { types: Array(1) },
      { tags: [7] },
      { category: null },
      { category: 7 },
    ];
    for (const given of notWords) {
      const filter = given as EventQuery;
      await expect(collect(store.readAll({ filter }))).rejects.toMatchObject({ code: 'INVALID_NAME' });
    }
  },

  'an option that is misspelt, or takes another value, is INVALID_ARGUMENT': async ({ store, stream }) => {
    const misspelt = { expectedVersoin: 1 };
    for (const options of [misspelt, null, 'any', 7, []] as object[]) {
      await refusesArgument(store.append(stream(), [sent], options));
      await refusesArgument(store.appendToStreams([{ streamId: stream(), events: [sent] }], options));
      await refusesArgument(collect(store.readStream(stream(), options)));
      await refusesArgument(collect(store.readAll(options)));
      await refusesArgument((async () => collect(store.subscribe(options)))());
    }
    const wrong = { unknownEvents: 'ignore' as 'skip' };
    await refusesArgument(collect(store.readStream(stream(), wrong)));
    await refusesArgument(collect(store.readAll(wrong)));
    await refusesArgument(collect(store.readStream(stream(), { backwards: 'no' as never })));
    await refusesArgument(collect(store.readAll({ backwards: 'no' as never })));
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'events, tags and streams that are no lists are INVALID_ARGUMENT': async ({ store, stream }) => {
    const notLists: readonly unknown[] = [null, undefined, sent, 'parcel.sent', 7, { length: 1, 0: sent }];
    for (const given of notLists) {
      const events = given as readonly NewEvent[];
      await refusesArgument(store.append(stream(), events));
      await refusesArgument(store.appendToStreams([{ streamId: stream(), events }]));
      await refusesArgument(store.appendToStreams(given as never));
      await refusesArgument(store.appendToStreams([given as never]));
    }
    for (const given of [null, undefined, 'parcel.sent', 7, []])
      await refusesArgument(store.append(stream(), [sent, given as never]));
    for (const given of [null, 'a:1', 7, {}])
      await refusesArgument(store.append(stream(), [{ ...sent, tags: given as never }]));
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a refused word is shown with escapes, a long one by its length': async ({ store, stream }) => {
    const messageFor = async (expectedVersion: string) => {
      const options = { expectedVersion: expectedVersion as ExpectedVersion };
      const refused: unknown = await store
        .append(stream(), [sent], options)
        .then(undefined, (error: unknown) => error);
      expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'expectedVersion' });
      return (refused as Error).message;
    };
    expect(await messageFor('\u001b(31m999')).toContain(String.raw`"\u001b(31m999"`);
    expect(await messageFor('9'.repeat(100_000))).toMatch(/, not a text of 100000 characters$/);
  },

  'an append with one invalid event appends none of its events': async (trial) => {
    trial.guarantee('invalid-input');
    const { store, stream } = trial;
    await expect(
      store.append(stream(), [sent, scanned('Paris'), { ...sent, data: {} }]),
    ).rejects.toMatchObject({
      code: 'INVALID_EVENT',
    });
    expect(await store.append(stream(), [sent], { expectedVersion: 'no-stream' })).toMatchObject({
      streamVersion: 1,
    });
  },
} satisfies Readonly<Record<string, Guarantee>>;
