import { expect } from 'vitest';
import { collect, type Guarantee, scans, sent, upTo, versionsOf } from '../trial.ts';

export const readStreamGuarantees = {
  'a stream that does not exist has no events': async ({ store, stream }) => {
    expect(await collect(store.readStream(stream('never')))).toEqual([]);
    expect(await collect(store.readStream(stream('never'), { backwards: true }))).toEqual([]);
  },

  'a stream is read oldest first or, with `backwards`, newest first': async ({ store, stream }) => {
    await store.append(stream(), scans(5));
    await store.append(stream('other'), scans(2));
    expect(versionsOf(await collect(store.readStream(stream())))).toEqual([1, 2, 3, 4, 5]);
    expect(versionsOf(await collect(store.readStream(stream(), { backwards: true })))).toEqual([
      5, 4, 3, 2, 1,
    ]);
  },

  'from, to and limit bound a read of a stream, in both directions': async ({ store, stream }) => {
    await store.append(stream(), scans(6));
    const read = async (options: Parameters<typeof store.readStream>[1]) =>
      versionsOf(await collect(store.readStream(stream(), options)));
    expect(await read({ from: 3 })).toEqual([3, 4, 5, 6]);
    expect(await read({ to: 2 })).toEqual([1, 2]);
    expect(await read({ from: 2, to: 4 })).toEqual([2, 3, 4]);
    expect(await read({ from: 4, to: 4 })).toEqual([4]);
    expect(await read({ from: 5, to: 4 })).toEqual([]);
    expect(await read({ from: 7 })).toEqual([]);
    expect(await read({ from: 5, to: 99 })).toEqual([5, 6]);
    expect(await read({ limit: 2 })).toEqual([1, 2]);
    expect(await read({ limit: 0 })).toEqual([]);
    expect(await read({ from: 3, limit: 2 })).toEqual([3, 4]);
    expect(await read({ backwards: true, limit: 2 })).toEqual([6, 5]);
    expect(await read({ backwards: true, from: 3 })).toEqual([6, 5, 4, 3]);
    expect(await read({ backwards: true, to: 4 })).toEqual([4, 3, 2, 1]);
    expect(await read({ backwards: true, from: 2, to: 4, limit: 2 })).toEqual([4, 3]);
    expect(await read({ from: undefined, to: undefined, limit: undefined })).toEqual(upTo(6));
  },

  'a stream can be read as it was at a position of the log': async ({ store, stream }) => {
    const early = await store.append(stream(), scans(2));
    const between = await store.append(stream('other'), scans(1));
    await store.append(stream(), scans(2));
    const read = async (untilPosition: number, backwards: boolean) =>
      versionsOf(await collect(store.readStream(stream(), { untilPosition, backwards })));
    expect(await read(early.events[0]!.position, false)).toEqual([1]);
    expect(await read(early.position, false)).toEqual([1, 2]);
    expect(await read(between.position, false)).toEqual([1, 2]);
    expect(await read(between.position, true)).toEqual([2, 1]);
    expect(await read(Number.MAX_SAFE_INTEGER, false)).toEqual([1, 2, 3, 4]);
    expect(await read(0, false)).toEqual([]);
  },

  'a stream can be read as it was at a time': async ({ store, stream }) => {
    const early = await store.append(stream(), scans(2));
    const instant = early.events[1]!.recordedAt;
    // The clock must advance before the next event; otherwise both events would have the same time.
    let late = await store.append(stream('clock'), [sent]);
    while (late.events[0]!.recordedAt <= instant) late = await store.append(stream('clock'), [sent]);
    await store.append(stream(), scans(2));
    const read = async (untilTime: Date, backwards = false) =>
      versionsOf(await collect(store.readStream(stream(), { untilTime, backwards })));
    expect(await read(instant)).toEqual([1, 2]);
    expect(await read(instant, true)).toEqual([2, 1]);
    expect(await read(new Date(instant.getTime() + 86_400_000))).toEqual([1, 2, 3, 4]);
    expect(await read(new Date(instant.getTime() - 86_400_000))).toEqual([]);
  },

  'a long stream is read completely and in order, in both directions': async ({ store, stream }) => {
    for (let batch = 0; batch < 5; batch += 1) await store.append(stream(), scans(500));
    expect(versionsOf(await collect(store.readStream(stream())))).toEqual(upTo(2_500));
    expect(versionsOf(await collect(store.readStream(stream(), { backwards: true })))).toEqual(
      upTo(2_500).toReversed(),
    );
    expect(
      versionsOf(await collect(store.readStream(stream(), { from: 500, to: 2_100, limit: 1_200 }))),
    ).toEqual(upTo(1_699).slice(499));
  },

  'a reader can stop reading a stream at any event': async ({ store, stream }) => {
    await store.append(stream(), scans(10));
    const seen: number[] = [];
    for await (const { streamVersion } of store.readStream(stream())) {
      seen.push(streamVersion);
      if (streamVersion === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
  },

  'a stream includes a new event as soon as its append is acknowledged': async ({
    store,
    openAnother,
    stream,
  }) => {
    const other = await openAnother();
    for (const version of upTo(20)) {
      await store.append(stream(), [sent]);
      expect(versionsOf(await collect(other.readStream(stream(), { from: version })))).toEqual([version]);
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
