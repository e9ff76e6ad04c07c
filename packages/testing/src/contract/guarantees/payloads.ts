import type { EventMetadata } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, type Guarantee, parcelEvents, scanned, sent } from '../trial.ts';
import { refuses } from './bad-input.ts';

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
    for (const value of values) {
      // Parsed before it was changed, so that only the append can find it.
      const changed = parcelEvents.create.sent({ to: 'Ada', grams: 1 });
      Object.assign(changed.data, { extra: { deep: [value] } });
      await refuses(trial, 'INVALID_EVENT', [changed]);
      const metadata = { note: value } as EventMetadata;
      await refuses(trial, 'INVALID_EVENT', [{ ...sent, metadata }]);
      await refuses(trial, 'INVALID_EVENT', [sent], { metadata });
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
