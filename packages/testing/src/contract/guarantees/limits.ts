import type { AppendCondition, NewEvent } from '@leftfold/core';
import { defaultLimits } from '@leftfold/core/append';
import { expect } from 'vitest';
import { collect, type Guarantee, scanned, scans, sent, type Trial, upTo } from '../trial.ts';

const { eventBytes, appendBytes } = defaultLimits;

const words = (count: number) => upTo(count).map((number) => `word:${number}`);

/** Expects an error with this limit, and that nothing was appended. */
async function exceeds(
  { store, stream }: Trial,
  limit: number,
  attempt: () => Promise<unknown>,
): Promise<void> {
  await expect(attempt()).rejects.toMatchObject({ code: 'APPEND_TOO_LARGE', retryable: false, limit });
  expect(await collect(store.readStream(stream()))).toEqual([]);
}

/** An event whose data has this size as JSON, filled with the given character, which can have several bytes. */
function ofBytes(bytes: number, filler = 'x'): NewEvent {
  const frame = Buffer.byteLength(JSON.stringify({ place: '' }));
  return scanned(filler.repeat(Math.floor((bytes - frame) / Buffer.byteLength(filler))));
}

export const limitGuarantees = {
  'an event of 1 MiB with its metadata is stored; one byte more is an error': async (trial) => {
    const { store, stream } = trial;
    const metadata = { actor: 'Ada' };
    const room = eventBytes - Buffer.byteLength(JSON.stringify(metadata));
    await exceeds(trial, eventBytes, () => store.append(stream(), [ofBytes(room + 1)], { metadata }));
    await exceeds(trial, eventBytes, () => store.append(stream(), [{ ...ofBytes(room + 1), metadata }]));
    await exceeds(trial, eventBytes, () => store.append(stream(), [sent, ofBytes(eventBytes - 1)]));
    expect(await store.append(stream(), [ofBytes(room)], { metadata })).toMatchObject({ streamVersion: 1 });
  },

  'the size of an event counts bytes, not characters': async (trial) => {
    const { store, stream } = trial;
    for (const filler of ['€', 'é', '🦊'])
      await exceeds(trial, eventBytes, () => store.append(stream(), [ofBytes(eventBytes + 4, filler)]));
  },

  'an append of more than 32 MiB, counted in bytes, is APPEND_TOO_LARGE': async (trial) => {
    const { store, stream } = trial;
    const events = upTo(34).map(() => ofBytes(1_000_000, '€'));
    await exceeds(trial, appendBytes, () => store.append(stream(), events));
    const halves = [events.slice(0, 17), events.slice(17)];
    const appends = halves.map((half, index) => ({ streamId: stream(`${index}`), events: half }));
    await exceeds(trial, appendBytes, () => store.appendToStreams(appends));
  },

  'an append of more than 32 MiB of tags is APPEND_TOO_LARGE': async (trial) => {
    const { store, stream } = trial;
    const tags = upTo(64).map((number) => `${number}:`.padEnd(255, 'x'));
    const events = upTo(2_100).map(() => ({ ...sent, tags }));
    await exceeds(trial, appendBytes, () => store.append(stream(), events));
  },

  'an append of more than 10,000 events in all streams is APPEND_TOO_LARGE': async (trial) => {
    const { store, stream } = trial;
    await exceeds(trial, 10_000, () => store.append(stream(), scans(10_001)));
    const halves = upTo(2).map((half) => ({ streamId: stream(`${half}`), events: scans(5_001) }));
    await exceeds(trial, 10_000, () => store.appendToStreams(halves));
  },

  'an event has at most 64 tags': async (trial) => {
    const { store, stream } = trial;
    await exceeds(trial, 64, () => store.append(stream(), [sent, { ...sent, tags: words(65) }]));
    const { events } = await store.append(stream(), [{ ...sent, tags: words(64) }]);
    expect(events[0]?.tags).toEqual(words(64));
  },

  'an append that only checks a stream has at most 1,000 streams': async (trial) => {
    const { store, stream } = trial;
    const checks = upTo(1_001).map((number) => ({ streamId: stream(`${number}`), events: [] }));
    await exceeds(trial, 1_000, () => store.appendToStreams(checks));
    expect(await store.appendToStreams(checks.slice(1))).toMatchObject({ position: 0 });
  },

  'a condition has at most 64 queries, each with at most 64 tags and 1,000 types': async (trial) => {
    const { store, stream, id } = trial;
    const attempt = (queries: number, tags: number, types: number) => {
      const query = {
        tags: [id('rare'), ...words(tags - 1)] as const,
        types: Array<string>(types).fill('parcel.sent'),
      };
      const condition: AppendCondition = { failIfMatch: upTo(queries).map(() => query) };
      return store.append(stream(), [sent], { condition });
    };
    await exceeds(trial, 64, () => attempt(65, 1, 1));
    await exceeds(trial, 64, () => attempt(1, 65, 1));
    await exceeds(trial, 1_000, () => attempt(1, 1, 1_001));
    expect(await attempt(64, 64, 1_000)).toMatchObject({ streamVersion: 1 });
  },

  'a command id leaves room for the event ids made from it': async ({ store, stream }) => {
    const refused = { code: 'INVALID_NAME', retryable: false };
    const append = (commandId: string) => store.append(stream(), [sent], { commandId });
    await expect(append('x'.repeat(254))).rejects.toMatchObject(refused);
    expect(await append('x'.repeat(253))).toMatchObject({ streamVersion: 1 });
  },
} satisfies Readonly<Record<string, Guarantee>>;
