import { expect } from 'vitest';
import {
  collect,
  delivered,
  type Guarantee,
  letterEvents,
  parcelEvents,
  scanned,
  sent,
  versionsOf,
} from '../trial.ts';

const letter = letterEvents.first.create.sent({ name: 'Ada' });
const everything = [parcelEvents, letterEvents.first];

export const definitionGuarantees = {
  'every read of an unknown event type is an error that names it': async ({
    guarantee,
    store,
    openAnother,
    stream,
    category,
  }) => {
    guarantee('unknown-events');
    const knowing = await openAnother(everything);
    const { events } = await knowing.append(stream(), [sent, letter, delivered]);
    const error = {
      code: 'UNKNOWN_EVENT',
      retryable: false,
      type: 'letter.sent',
      position: events[1]?.position,
    };
    await expect(collect(store.readStream(stream()))).rejects.toMatchObject(error);
    await expect(collect(store.readAll({ filter: { category } }))).rejects.toMatchObject(error);
    await expect(collect(store.subscribe({ filter: { category } }))).rejects.toMatchObject(error);
  },

  'a reader that skips unknown types gets all other events': async ({
    store,
    openAnother,
    stream,
    category,
  }) => {
    const knowing = await openAnother(everything);
    await knowing.append(stream(), [letter, sent, letter, scanned('Paris'), letter]);
    const unknownEvents = 'skip';
    const filter = { category };
    expect(versionsOf(await collect(store.readStream(stream(), { unknownEvents })))).toEqual([2, 4]);
    expect(versionsOf(await collect(store.readStream(stream(), { unknownEvents, backwards: true })))).toEqual(
      [4, 2],
    );
    expect(versionsOf(await collect(store.readAll({ filter, unknownEvents })))).toEqual([2, 4]);
    const end = new AbortController();
    const seen: number[] = [];
    for await (const event of store.subscribe({ filter, unknownEvents, signal: end.signal })) {
      seen.push(event.streamVersion);
      if (seen.length === 2) end.abort();
    }
    expect(seen).toEqual([2, 4]);
  },

  'a limit counts returned events, not skipped ones': async ({ store, openAnother, stream, category }) => {
    const knowing = await openAnother(everything);
    await knowing.append(stream(), [letter, sent, letter, letter, scanned('Paris'), delivered]);
    const options = { unknownEvents: 'skip', limit: 2 } as const;
    expect(versionsOf(await collect(store.readStream(stream(), options)))).toEqual([2, 5]);
    expect(versionsOf(await collect(store.readStream(stream(), { ...options, backwards: true })))).toEqual([
      6, 5,
    ]);
    expect(versionsOf(await collect(store.readAll({ ...options, filter: { category } })))).toEqual([2, 5]);
  },

  'an event in a stream of another category that has definitions is INVALID_ARGUMENT': async ({
    openAnother,
    stream,
    id,
  }) => {
    const knowing = await openAnother(everything);
    const streamId = `letter-${id('stream')}`;
    const error = { code: 'INVALID_ARGUMENT', argument: 'events', retryable: false };
    await knowing.append(streamId, [letter]);
    await expect(knowing.append(streamId, [letter, sent])).rejects.toMatchObject(error);
    const appends = [
      { streamId: stream(), events: [letter] },
      { streamId, events: [sent] },
    ];
    await expect(knowing.appendToStreams(appends)).rejects.toMatchObject(error);
    expect(versionsOf(await collect(knowing.readStream(streamId)))).toEqual([1]);
    expect(await collect(knowing.readStream(stream()))).toEqual([]);
    await expect(knowing.append(stream(), [letter, sent])).resolves.toMatchObject({ streamVersion: 2 });
  },

  'an event of an older schema version is read in its newest shape': async ({
    guarantee,
    openAnother,
    stream,
    category,
    id,
  }) => {
    guarantee('upcasting');
    const first = await openAnother([letterEvents.first]);
    const third = await openAnother([letterEvents.third]);
    const commandId = id('command');
    await first.append(stream(), [letter], { commandId });
    const newest = { type: 'letter.sent', schemaVersion: 3, data: { to: 'Ada', stamp: 'none', grams: 20 } };
    const [fromStream] = await collect(third.readStream(stream()));
    const [fromLog] = await collect(third.readAll({ filter: { category } }));
    const [fromCommand] = await third.eventsOfCommand(commandId);
    const next = letterEvents.third.create.sent({ to: 'Eve', stamp: 'red' });
    const repeated = await third.append(stream(), [next], { commandId });
    expect(fromStream).toMatchObject(newest);
    for (const read of [fromLog, fromCommand, repeated.events[0]]) expect(read).toEqual(fromStream);
    expect(repeated).toMatchObject({ duplicate: true, streamVersion: 1 });
  },

  'events of several schema versions in one stream are read in one shape': async ({
    openAnother,
    stream,
  }) => {
    await (await openAnother([letterEvents.first])).append(stream(), [letter]);
    const second = letterEvents.second.create.sent({ to: 'Eve', stamp: 'blue' });
    await (await openAnother([letterEvents.second])).append(stream(), [second]);
    const third = await openAnother([letterEvents.third]);
    await third.append(stream(), [letterEvents.third.create.sent({ to: 'Bob', stamp: 'red', grams: 5 })]);
    const events = await collect(third.readStream(stream()));
    expect(events.map(({ data }) => data)).toEqual([
      { to: 'Ada', stamp: 'none', grams: 20 },
      { to: 'Eve', stamp: 'blue', grams: 20 },
      { to: 'Bob', stamp: 'red', grams: 5 },
    ]);
    expect(events.every(({ schemaVersion }) => schemaVersion === 3)).toBe(true);
  },

  'a release that reads a version before it writes it works beside older and newer releases': async ({
    guarantee,
    openAnother,
    stream,
    category,
    id,
  }) => {
    guarantee('readers-first');
    const older = await openAnother([letterEvents.first]);
    const reader = await openAnother([letterEvents.secondReader]);
    const newer = await openAnother([letterEvents.second]);
    const commandId = id('command');
    const read = { schemaVersion: 2, data: { to: 'Ada', stamp: 'none' } };

    const own = letterEvents.secondReader.create.sent({ name: 'Ada' });
    const appended = await reader.append(stream(), [own], { commandId });
    expect(appended.events).toMatchObject([read]);
    expect(await collect(older.readStream(stream()))).toMatchObject([
      { schemaVersion: 1, data: { name: 'Ada' } },
    ]);
    const repeated = await reader.append(stream(), [own], { commandId });
    expect(repeated).toMatchObject({ duplicate: true, events: [read] });

    await newer.append(stream(), [letterEvents.second.create.sent({ to: 'Eve', stamp: 'blue' })]);
    const newest = [read, { schemaVersion: 2, data: { to: 'Eve', stamp: 'blue' } }];
    const following: unknown[] = [];
    for await (const event of reader.subscribe({ filter: { category } })) {
      following.push(event);
      if (following.length === 2) break;
    }
    expect(following).toMatchObject(newest);
    for (const store of [reader, newer])
      expect(await collect(store.readStream(stream()))).toMatchObject(newest);
    expect(await collect(reader.readAll({ filter: { category } }))).toMatchObject(newest);
  },

  'an append of a version that is read and not yet written is refused': async ({ openAnother, stream }) => {
    const reader = await openAnother([letterEvents.secondReader]);
    const early = letterEvents.second.create.sent({ to: 'Eve', stamp: 'blue' });
    const error = { code: 'UNKNOWN_EVENT', retryable: false, type: 'letter.sent', schemaVersion: 2 };
    await expect(reader.append(stream(), [early])).rejects.toMatchObject(error);
    expect(await collect(reader.readStream(stream()))).toEqual([]);
  },

  'a newer schema version is an error, also for readers that skip unknown types': async ({
    openAnother,
    stream,
  }) => {
    const third = await openAnother([letterEvents.third]);
    await third.append(stream(), [letterEvents.third.create.sent({ to: 'Bob', stamp: 'red' })]);
    const first = await openAnother([letterEvents.first]);
    const error = { code: 'UNKNOWN_EVENT', type: 'letter.sent', schemaVersion: 3 };
    await expect(collect(first.readStream(stream()))).rejects.toMatchObject(error);
    await expect(collect(first.readStream(stream(), { unknownEvents: 'skip' }))).rejects.toMatchObject(error);
  },
} satisfies Readonly<Record<string, Guarantee>>;
