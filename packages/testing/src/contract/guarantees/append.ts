import { expect } from 'vitest';
import {
  collect,
  delivered,
  type Guarantee,
  parcelEvents,
  scanned,
  scans,
  sent,
  upTo,
  versionsOf,
} from '../trial.ts';

export const appendGuarantees = {
  'an append returns its events with versions without holes and rising positions': async ({
    store,
    stream,
  }) => {
    const first = await store.append(stream(), [sent, scanned('Paris')]);
    expect(versionsOf(first.events)).toEqual([1, 2]);
    expect(first).toMatchObject({ streamVersion: 2, duplicate: false, position: first.events[1]?.position });
    const second = await store.append(stream(), [delivered]);
    expect(versionsOf(second.events)).toEqual([3]);
    expect(second).toMatchObject({ streamVersion: 3, position: second.events[0]?.position });
    const positions = [...first.events, ...second.events].map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(new Set(positions).size).toBe(3);
    expect(positions.every((position) => Number.isSafeInteger(position) && position > 0)).toBe(true);
  },

  'an append returns the events as later reads do': async ({ store, stream, id }) => {
    const event = parcelEvents.create.sent(
      {
        to: 'Zoë 🦊 "quoted" \\ back\nnew line',
        grams: 0.1 + 0.2,
        note: null,
        extra: { deep: [1, -2.5e-7, { a: null }, ''] },
      },
      {
        id: id('whole'),
        tags: ['city:São Paulo', 'a,b{"c"}'],
        metadata: { actor: 'Ada', mine: { list: [true] } },
      },
    );
    const { events } = await store.append(stream(), [event, scanned('Paris')], {
      metadata: { correlationId: 'c-1' },
    });
    expect(events[0]).toMatchObject({
      id: event.id,
      type: 'parcel.sent',
      schemaVersion: 1,
      data: event.data,
      tags: event.tags,
      streamId: stream(),
      metadata: { actor: 'Ada', mine: { list: [true] }, correlationId: 'c-1' },
    });
    expect(events[1]).toMatchObject({ tags: [], metadata: { correlationId: 'c-1' } });
    expect(events[0]?.recordedAt).toBeInstanceOf(Date);
    expect(await collect(store.readStream(stream()))).toEqual(events);
  },

  'a field that JSON leaves out does not exist when it is read': async ({ store, stream }) => {
    const event = parcelEvents.create.sent(
      { to: 'Ada', grams: 1, note: undefined },
      { metadata: { actor: undefined } },
    );
    await store.append(stream(), [event]);
    const [read] = await collect(store.readStream(stream()));
    expect(Object.keys(read?.data ?? {})).toEqual(['to', 'grams']);

    expect(read?.metadata).not.toHaveProperty('actor');
  },

  'an event without an id gets a unique one': async ({ store, stream }) => {
    const { events } = await store.append(stream(), [sent, sent, sent]);
    const ids = events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id.length > 0)).toBe(true);
  },

  'append metadata is in every event; the event’s own overrides all but commandId': async ({
    store,
    stream,
    id,
  }) => {
    const own = {
      ...scanned('Paris'),
      metadata: { actor: 'event', causationId: 'cause', commandId: 'not this one' },
    };
    const metadata = { actor: 'append', correlationId: 'correlation', tenant: 'eu' };
    await store.append(stream(), [sent, own], { metadata, commandId: id('command') });
    const events = await collect(store.readStream(stream()));
    expect(events.map((event) => event.metadata)).toEqual([
      { actor: 'append', correlationId: 'correlation', tenant: 'eu', commandId: id('command') },
      {
        actor: 'event',
        causationId: 'cause',
        correlationId: 'correlation',
        tenant: 'eu',
        commandId: id('command'),
      },
    ]);
  },

  'an append without events adds nothing and returns the version of the stream': async ({
    store,
    stream,
  }) => {
    expect(await store.append(stream(), [])).toEqual({
      streamVersion: 0,
      position: 0,
      events: [],
      duplicate: false,
    });
    await store.append(stream(), [sent, delivered]);
    expect(await store.append(stream(), [])).toEqual({
      streamVersion: 2,
      position: 0,
      events: [],
      duplicate: false,
    });
    expect(await collect(store.readStream(stream()))).toHaveLength(2);
  },

  'an append of 1,000 events records them in the given order': async ({ store, stream }) => {
    const { events, streamVersion } = await store.append(stream(), scans(1_000));
    expect(streamVersion).toBe(1_000);
    expect(versionsOf(events)).toEqual(upTo(1_000));
    const read = await collect(store.readStream(stream()));
    expect(read.map(({ data }) => data)).toEqual(scans(1_000).map(({ data }) => data));
  },

  'a stream id is any text of up to 255 characters without control characters': async ({ store, stream }) => {
    const names = [
      'Käufer 7',
      '🦊',
      'a-b-c',
      `'; drop table events; --`,
      '%',
      '_',
      '{a,b}',
      'x'.repeat(255 - stream('').length),
    ];
    for (const name of names) await store.append(stream(name), [scanned(name)]);
    for (const name of names) {
      const [event, ...others] = await collect(store.readStream(stream(name)));
      expect(event).toMatchObject({ streamId: stream(name), streamVersion: 1, data: { place: name } });
      expect(others).toEqual([]);
    }
  },

  'mutating the input or the result of an append does not change the log': async ({ store, stream }) => {
    const data = { to: 'Ada', grams: 1, extra: { list: [1] } };
    const tags = ['a:1'];
    const { events } = await store.append(stream(), [{ type: 'parcel.sent', schemaVersion: 1, data, tags }]);
    data.extra.list.push(2);
    tags.push('b:2');
    Object.assign(events[0]?.data ?? {}, { to: 'Eve' });
    const [read] = await collect(store.readStream(stream()));
    expect(read).toMatchObject({ data: { to: 'Ada', extra: { list: [1] } }, tags: ['a:1'] });
  },
} satisfies Readonly<Record<string, Guarantee>>;
