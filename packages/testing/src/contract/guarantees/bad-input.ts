import type {
  AppendCondition,
  AppendOptions,
  ErrorCode,
  EventMetadata,
  ExpectedVersion,
  NewEvent,
} from '@leftfold/core';
import { expect } from 'vitest';
import { collect, type Guarantee, letterEvents, scanned, sent, type Trial } from '../trial.ts';

/** Texts that are not valid ids. */
const notIds = ['', 'x'.repeat(256), 'a\u0000b', 'a\nb', 'a\ud83e'];

/** Makes an invalid append, alone and together with a valid one. It must fail and append nothing. */
async function refuses(
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

  'a payload that does not match its schema is INVALID_EVENT': async (trial) => {
    trial.guarantee('invalid-input');
    await refuses(trial, 'INVALID_EVENT', [sent, { ...sent, data: { to: 'Ada' } }]);
    await refuses(trial, 'INVALID_EVENT', [{ ...scanned('Paris'), data: { place: 7 } }]);
    await refuses(trial, 'INVALID_EVENT', [{ ...scanned('Paris'), data: null }]);
  },

  'a hand-made payload is stored as the output of its schema': async ({ store, stream }) => {
    await store.append(stream(), [
      { type: 'parcel.scanned', schemaVersion: 1, data: { place: 'Paris', noise: true } },
    ]);
    const [event] = await collect(store.readStream(stream()));
    expect(event?.data).toEqual({ place: 'Paris' });
  },

  'a payload or metadata with NUL or an unpaired surrogate is INVALID_EVENT': async (trial) => {
    trial.guarantee('invalid-input');
    for (const text of ['a\u0000b', '\u0000', 'half \ud83e', '\udd8a half']) {
      await refuses(trial, 'INVALID_EVENT', [scanned(text)]);
      await refuses(trial, 'INVALID_EVENT', [
        { ...sent, data: { to: 'Ada', grams: 1, extra: { deep: [{ [text]: 1 }] } } },
      ]);
      const metadata: EventMetadata = { actor: text };
      await refuses(trial, 'INVALID_EVENT', [{ ...sent, metadata }]);
      await refuses(trial, 'INVALID_EVENT', [sent], { metadata });
    }
  },

  'a text that looks like an escaped character is stored unchanged': async ({ store, stream }) => {
    const texts = ['\\u0000', '\\\\u0000', '\\ud83e', 'C:\\users\\udd8a', '\u2028\u2029', '\\'];
    await store.append(stream(), texts.map(scanned));
    const events = await collect(store.readStream(stream()));
    expect(events.map(({ data }) => data)).toEqual(texts.map((place) => ({ place })));
  },

  'an expected version that is not an integer from 0 is a RangeError': async ({ store, stream }) => {
    const word: unknown = 'sometimes';
    for (const expectedVersion of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, word as ExpectedVersion]) {
      await expect(store.append(stream(), [sent], { expectedVersion })).rejects.toThrow(RangeError);
      await expect(store.append(stream(), [], { expectedVersion })).rejects.toThrow(RangeError);
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a condition without query or tag is a TypeError; an invalid tag is INVALID_NAME': async ({
    store,
    stream,
  }) => {
    const attempt = (condition: object) =>
      store.append(stream(), [sent], { condition: condition as AppendCondition });
    const without = [[], {}, { types: ['parcel.sent'] }, { tags: [] }, [{ tags: ['a:1'] }, { tags: [] }]];
    for (const failIfMatch of without) await expect(attempt({ failIfMatch })).rejects.toThrow(TypeError);
    await expect(attempt({ failIfMatch: { tags: ['a:1'], types: [] } })).rejects.toThrow(TypeError);
    await expect(attempt({ failIfMatch: { tags: ['a:1'], category: 'parcel' } })).rejects.toThrow(TypeError);
    for (const text of notIds) {
      const refused = { code: 'INVALID_NAME' };
      await expect(attempt({ failIfMatch: { tags: ['a:1', text] } })).rejects.toMatchObject(refused);
      const types = [text];
      await expect(attempt({ failIfMatch: { tags: ['a:1'], types } })).rejects.toMatchObject(refused);
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a condition with `after` that is not an integer from 0 is a RangeError': async ({ store, stream }) => {
    for (const after of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const condition = { failIfMatch: { tags: ['a:1'] as const }, after };
      await expect(store.append(stream(), [sent], { condition })).rejects.toThrow(RangeError);
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a bound of a read that is not an integer from 0 is a RangeError': async ({ store, stream }) => {
    for (const bad of [-1, 1.5, Number.NaN]) {
      for (const option of ['from', 'to', 'limit', 'untilPosition']) {
        await expect(collect(store.readStream(stream(), { [option]: bad })), option).rejects.toThrow(
          RangeError,
        );
      }
      for (const option of ['after', 'limit']) {
        await expect(collect(store.readAll({ [option]: bad })), option).rejects.toThrow(RangeError);
      }
      await expect((async () => collect(store.subscribe({ after: bad })))()).rejects.toThrow(RangeError);
    }
    const never = new Date(Number.NaN);
    await expect(collect(store.readStream(stream(), { untilTime: never }))).rejects.toThrow(RangeError);
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
