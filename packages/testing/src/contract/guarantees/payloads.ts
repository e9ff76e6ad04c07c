import { defineEvents, type EventMetadata, InvalidEventError, type JsonValue } from '@leftfold/core';
import { expect } from 'vitest';
import { z } from 'zod';
import { collect, type Guarantee, parcelEvents, scanned, sent } from '../trial.ts';
import { refuses } from './bad-input.ts';

/** Its schema hands the content through as it is given. */
const crateEvents = defineEvents('crate', { packed: z.object({ content: z.custom<JsonValue>() }) });
const packed = crateEvents.create.packed({ content: 1 });

/** JavaScript callers may give anything. */
const asJson = (value: unknown) => value as JsonValue;

/** Values that are another one each time they are read, and in the end one that cannot be stored. */
const changing: readonly (() => JsonValue)[] = [
  () => {
    let reads = 0;
    return {
      get value() {
        reads += 1;
        return reads;
      },
    };
  },
  () => {
    let reads = 0;
    return new Proxy([1], {
      get: (list, name, receiver) =>
        name === '0' ? (reads += 1) : (Reflect.get(list, name, receiver) as unknown),
    });
  },
  () => {
    let reads = 0;
    return {
      get value() {
        reads += 1;
        return reads === 1 ? 1 : asJson(new Map());
      },
    };
  },
];

export const payloadGuarantees = {
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

  'metadata that is no plain object is INVALID_ARGUMENT': async (trial) => {
    trial.guarantee('invalid-input');
    const values: readonly unknown[] = [[1], 'abc', 7, null, new Date(0), () => 1];
    for (const value of values) {
      const metadata = value as EventMetadata;
      await refuses(trial, 'INVALID_ARGUMENT', [{ ...sent, metadata }]);
      await refuses(trial, 'INVALID_ARGUMENT', [sent], { metadata });
    }
  },

  'a text that looks like an escaped character is stored unchanged': async ({ store, stream }) => {
    const texts = ['\\u0000', '\\\\u0000', '\\ud83e', 'C:\\users\\udd8a', '\u2028\u2029', '\\'];
    await store.append(stream(), texts.map(scanned));
    const events = await collect(store.readStream(stream()));
    expect(events.map(({ data }) => data)).toEqual(texts.map((place) => ({ place })));
  },

  'a payload or metadata that JSON would change is INVALID_EVENT': async (trial) => {
    trial.guarantee('invalid-input');
    const values: readonly unknown[] = [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      7n,
      [undefined],
      Array(1),
      new Date(0),
      new Map([[1, 2]]),
      new Set([1]),
      new Uint8Array(1),
      () => 1,
      { toJSON: () => 1 },
      Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 1 }),
      Object.defineProperty([1], 'toJSON', { value: () => 1 }),
      { [Symbol('a')]: 1 },
    ];
    const open = { ...trial, store: await trial.openAnother([parcelEvents, crateEvents]) };
    for (const value of values) {
      const content = asJson({ deep: [value] });
      expect(() => crateEvents.create.packed({ content })).toThrow(InvalidEventError);
      await refuses(open, 'INVALID_EVENT', [{ ...packed, data: { content } }]);
      const metadata = { note: value } as EventMetadata;
      await refuses(trial, 'INVALID_EVENT', [{ ...sent, metadata }]);
      await refuses(trial, 'INVALID_EVENT', [sent], { metadata });
    }
  },

  'a value that changes when it is read is stored, and returned, as it was read once': async (trial) => {
    const store = await trial.openAnother([crateEvents]);
    let number = 0;
    for (const change of changing) {
      const metadata = () => ({ note: change() });
      const appends = [
        () => store.append(trial.stream(`${number}`), [crateEvents.create.packed({ content: change() })]),
        () => store.append(trial.stream(`${number}`), [{ ...packed, data: { content: change() } }]),
        () => store.append(trial.stream(`${number}`), [{ ...packed, metadata: metadata() }]),
        () => store.append(trial.stream(`${number}`), [packed], { metadata: metadata() }),
      ];
      for (const append of appends) {
        number += 1;
        const { events } = await append();
        const stored = await collect(store.readStream(trial.stream(`${number}`)));
        expect(stored).toEqual(events);
        expect(stored).toHaveLength(1);
      }
    }
  },

  'the data of an event from a creator cannot be changed after it was parsed': async ({
    stream,
    openAnother,
  }) => {
    const given = { list: [1] };
    const event = crateEvents.create.packed({ content: given });
    expect(() => Object.assign(event.data, { content: 2 })).toThrow(TypeError);
    given.list.push(2);
    const store = await openAnother([crateEvents]);
    const { events } = await store.append(stream(), [event]);
    expect(events[0]?.data).toEqual({ content: { list: [1] } });
  },
} satisfies Readonly<Record<string, Guarantee>>;
