import { expect } from 'vitest';
import { collect, delivered, type Guarantee, scanned, scans, sent, versionsOf } from '../trial.ts';

export const atomicGuarantees = {
  'one append can write several streams, each with an expected version': async ({ store, stream }) => {
    await store.append(stream('b'), scans(2));
    const all = await store.appendToStreams([
      { streamId: stream('a'), events: [sent, delivered], expectedVersion: 'no-stream' },
      { streamId: stream('b'), events: [scanned('Paris')], expectedVersion: 2 },
      { streamId: stream('c'), events: [sent] },
    ]);
    expect(all.duplicate).toBe(false);
    expect(all.streams.map(({ events }) => versionsOf(events))).toEqual([[1, 2], [3], [1]]);
    expect(all.streams.map(({ streamVersion }) => streamVersion)).toEqual([2, 3, 1]);
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      const read = await collect(store.readStream(stream(name)));
      expect(read.slice(name === 'b' ? 2 : 0)).toEqual(all.streams[index]?.events);
    }
  },

  'positions follow the given order of streams and events': async ({ store, stream }) => {
    const all = await store.appendToStreams([
      { streamId: stream('z'), events: scans(3) },
      { streamId: stream('a'), events: [] },
      { streamId: stream('m'), events: scans(2) },
      { streamId: stream('b'), events: scans(1) },
    ]);
    const positions = all.streams.flatMap(({ events }) => events.map(({ position }) => position));
    expect(positions).toHaveLength(6);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    expect(all.position).toBe(positions.at(-1));
    expect(all.streams.map(({ position }) => position)).toEqual([
      positions[2],
      0,
      positions[4],
      positions[5],
    ]);
  },

  'a conflict in one stream leaves all streams of the append unchanged': async ({ store, stream }) => {
    await store.append(stream('b'), scans(2));
    const refused = store.appendToStreams([
      { streamId: stream('a'), events: [sent] },
      { streamId: stream('b'), events: [delivered], expectedVersion: 1 },
      { streamId: stream('c'), events: [sent] },
    ]);
    await expect(refused).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      streamId: stream('b'),
      actual: 2,
    });
    const lengths = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => (await collect(store.readStream(stream(name)))).length),
    );
    expect(lengths).toEqual([0, 2, 0]);
  },

  'a stream without events is checked, and not changed': async ({ store, stream }) => {
    await store.append(stream('checked'), scans(2));
    const all = await store.appendToStreams([
      { streamId: stream('checked'), events: [], expectedVersion: 2 },
      { streamId: stream('new'), events: [], expectedVersion: 'no-stream' },
      { streamId: stream('a'), events: [sent] },
    ]);
    expect(all.streams.map(({ streamVersion, position }) => [streamVersion, position])).toEqual([
      [2, 0],
      [0, 0],
      [1, all.position],
    ]);
    const refused = store.appendToStreams([
      { streamId: stream('checked'), events: [], expectedVersion: 1 },
      { streamId: stream('a'), events: [delivered] },
    ]);
    await expect(refused).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      streamId: stream('checked'),
    });
    expect(await collect(store.readStream(stream('a')))).toHaveLength(1);
  },

  'an append without events to several streams only checks them': async ({ store, stream }) => {
    const checked = await store.appendToStreams([
      { streamId: stream('a'), events: [], expectedVersion: 0 },
      { streamId: stream('b'), events: [] },
    ]);
    expect(checked).toMatchObject({ position: 0, duplicate: false });
    await expect(
      store.appendToStreams([{ streamId: stream('a'), events: [], expectedVersion: 1 }]),
    ).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
    });
  },

  'an append names each stream once, and at least one': async ({ store, stream }) => {
    const twice = [
      { streamId: stream('a'), events: [sent] },
      { streamId: stream('b'), events: [sent] },
      { streamId: stream('a'), events: [delivered] },
    ];
    const refused = { code: 'INVALID_ARGUMENT' };
    await expect(store.appendToStreams(twice)).rejects.toMatchObject(refused);
    await expect(store.appendToStreams([])).rejects.toMatchObject(refused);
    expect(await collect(store.readStream(stream('b')))).toEqual([]);
  },

  'metadata and command id of an append are in the events of all its streams': async ({
    store,
    stream,
    id,
  }) => {
    const context = { metadata: { actor: 'ada' }, commandId: id('command') };
    const appends = [stream('a'), stream('b')].map((streamId) => ({ streamId, events: [sent, delivered] }));
    const { streams } = await store.appendToStreams(appends, context);
    const events = streams.flatMap((each) => each.events);
    expect(events.map((event) => event.id)).toEqual(
      [1, 2, 3, 4].map((number) => `${id('command')}:${number}`),
    );
    expect(events.map(({ metadata }) => metadata)).toEqual(
      Array.from({ length: 4 }, () => ({ actor: 'ada', commandId: id('command') })),
    );
  },
} satisfies Readonly<Record<string, Guarantee>>;
