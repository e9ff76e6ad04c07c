import { expect } from 'vitest';
import { refuses } from './bad-input.ts';
import { collect, delivered, type Guarantee, scanned, sent, versionsOf } from '../trial.ts';

export const idempotencyGuarantees = {
  'an append of recorded event ids adds nothing and returns the first result': async ({
    store,
    stream,
    id,
  }) => {
    const events = [
      { ...sent, id: id('1') },
      { ...scanned('Paris'), id: id('2') },
    ];
    const first = await store.append(stream(), events, { expectedVersion: 'no-stream' });
    await store.append(stream(), [delivered]);
    const again = await store.append(stream(), events, { expectedVersion: 'no-stream' });
    expect(again).toEqual({ ...first, duplicate: true });
    const blind = await store.append(stream(), events);
    expect(blind).toEqual({ ...first, duplicate: true });
    expect(await collect(store.readStream(stream()))).toHaveLength(3);
  },

  'an append of recorded event ids to several streams returns the first result': async ({
    store,
    stream,
    id,
  }) => {
    const appends = [
      { streamId: stream('b'), events: [{ ...sent, id: id('b') }], expectedVersion: 0 },
      { streamId: stream('a'), events: [{ ...sent, id: id('a') }], expectedVersion: 0 },
    ];
    const first = await store.appendToStreams(appends);
    const again = await store.appendToStreams(appends);
    expect(again.duplicate).toBe(true);
    expect(again.position).toBe(first.position);
    expect(again.streams.map(({ events }) => events)).toEqual(first.streams.map(({ events }) => events));
  },

  'an append of recorded and new event ids is EVENT_ID_REUSED, and adds nothing': async ({
    store,
    stream,
    id,
  }) => {
    await store.append(stream(), [{ ...sent, id: id('known') }]);
    const mixed = [
      { ...sent, id: id('known') },
      { ...delivered, id: id('new') },
    ];
    for (const events of [mixed, mixed.toReversed()]) {
      await expect(store.append(stream(), events)).rejects.toMatchObject({
        code: 'EVENT_ID_REUSED',
        retryable: false,
        eventId: id('known'),
      });
    }
    expect(await collect(store.readStream(stream()))).toHaveLength(1);
  },

  'EVENT_ID_REUSED names the id that another event has': async ({ guarantee, store, stream, id }) => {
    guarantee('unique-event-ids');
    const event = (name: string) => ({ ...scanned(name), id: id(name) });
    await store.append(stream(), [event('same'), event('other')]);
    const changed = { ...event('other'), ...scanned('changed') };
    for (const events of [
      [event('same'), changed],
      [event('same'), event('new'), changed],
      [changed, event('same')],
    ]) {
      const refused = { code: 'EVENT_ID_REUSED', eventId: id('other') };
      await expect(store.append(stream(), events)).rejects.toMatchObject(refused);
    }
  },

  'a recorded event id with other data, type or stream is EVENT_ID_REUSED': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('unique-event-ids');
    await store.append(stream(), [{ ...scanned('Paris'), id: id('known') }]);
    const refused = { code: 'EVENT_ID_REUSED', eventId: id('known') };
    await expect(store.append(stream(), [{ ...scanned('Rome'), id: id('known') }])).rejects.toMatchObject(
      refused,
    );
    await expect(store.append(stream(), [{ ...delivered, id: id('known') }])).rejects.toMatchObject(refused);
    await expect(store.append(stream('b'), [{ ...scanned('Paris'), id: id('known') }])).rejects.toMatchObject(
      refused,
    );
    expect(await collect(store.readStream(stream()))).toHaveLength(1);
    expect(await collect(store.readStream(stream('b')))).toEqual([]);
  },

  'one event id twice in an append is EVENT_ID_REUSED': async ({ store, stream, id }) => {
    const events = [
      { ...sent, id: id('twice') },
      { ...sent, id: id('twice') },
    ];
    await expect(store.append(stream(), events)).rejects.toMatchObject({
      code: 'EVENT_ID_REUSED',
      eventId: id('twice'),
    });
    const apart = ['a', 'b'].map((name) => ({
      streamId: stream(name),
      events: [{ ...sent, id: id('twice') }],
    }));
    await expect(store.appendToStreams(apart)).rejects.toMatchObject({
      code: 'EVENT_ID_REUSED',
      eventId: id('twice'),
    });
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'events of a command have ids made from the command id, in order': async ({ store, stream, id }) => {
    const commandId = id('command');
    const { events } = await store.append(stream(), [sent, scanned('Paris'), delivered], { commandId });
    expect(events.map((event) => event.id)).toEqual([1, 2, 3].map((number) => `${commandId}:${number}`));
    expect(events.every(({ metadata }) => metadata.commandId === commandId)).toBe(true);
  },

  'a repeated command adds nothing and returns the events of its first execution': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('idempotent-appends');
    const commandId = id('command');
    const first = await store.append(stream(), [sent, scanned('Paris')], { commandId, expectedVersion: 0 });
    await store.append(stream(), [delivered]);
    const same = await store.append(stream(), [sent, scanned('Paris')], { commandId, expectedVersion: 0 });
    expect(same).toEqual({ ...first, duplicate: true });
    // A repeated command can decide on other events; its first result is kept.
    const other = await store.append(stream(), [delivered], { commandId, expectedVersion: 3 });
    expect(other).toEqual({ ...first, duplicate: true });
    expect(await collect(store.readStream(stream()))).toHaveLength(3);
  },

  'an append of a command id and an event with an id of its own is INVALID_ARGUMENT': async (trial) => {
    const { store, stream, id } = trial;
    const commandId = id('command');
    for (const events of [
      [{ ...sent, id: id('own') }],
      [sent, { ...scanned('Paris'), id: id('own') }],
      [{ ...sent, id: `${commandId}:1` }],
    ])
      await refuses(trial, 'INVALID_ARGUMENT', events, { commandId });
    expect(await store.eventsOfCommand(commandId)).toEqual([]);
    expect(await store.append(stream(), [sent], { commandId })).toMatchObject({ duplicate: false });
  },

  'a command id that was used for another stream is EVENT_ID_REUSED': async ({ store, stream, id }) => {
    const commandId = id('command');
    await store.append(stream('a'), [sent], { commandId });
    await expect(store.append(stream('b'), [sent], { commandId })).rejects.toMatchObject({
      code: 'EVENT_ID_REUSED',
    });
    expect(await collect(store.readStream(stream('b')))).toEqual([]);
  },

  'a command whose events would get the id of an event that was appended by hand is EVENT_ID_REUSED': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('idempotent-appends');
    for (const taken of [1, 2]) {
      const commandId = id(`command-${taken}`);
      const eventId = `${commandId}:${taken}`;
      await store.append(stream(`${taken}`), [{ ...sent, id: eventId }]);
      await expect(store.append(stream(`${taken}`), [sent, delivered], { commandId })).rejects.toMatchObject({
        code: 'EVENT_ID_REUSED',
        eventId,
      });
      expect(await collect(store.readStream(stream(`${taken}`)))).toHaveLength(1);
    }
  },

  'a command without events is not recorded': async ({ store, stream, id }) => {
    const commandId = id('command');
    expect(await store.append(stream(), [], { commandId })).toMatchObject({ events: [], duplicate: false });
    expect(await store.eventsOfCommand(commandId)).toEqual([]);
    expect(await store.append(stream(), [sent], { commandId })).toMatchObject({
      streamVersion: 1,
      duplicate: false,
    });
  },

  'eventsOfCommand returns the events of exactly this command id, in order': async ({
    store,
    stream,
    id,
  }) => {
    const commandId = id('command');
    const appends = ['b', 'a'].map((name) => ({ streamId: stream(name), events: [sent, delivered] }));
    const { streams } = await store.appendToStreams(appends, { commandId });
    for (const other of [`${commandId}:1`, `${commandId}1`, `${commandId}:`, `${commandId}_`]) {
      await store.append(stream(`other ${other}`), [sent], { commandId: other });
    }
    expect(await store.eventsOfCommand(commandId)).toEqual(streams.flatMap(({ events }) => events));
    expect(versionsOf(await store.eventsOfCommand(`${commandId}:1`))).toEqual([1]);
    expect(await store.eventsOfCommand(id('never'))).toEqual([]);
  },

  'two concurrent appends of one command append once': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('idempotent-appends');
    const other = await openAnother();
    for (let round = 0; round < 20; round += 1) {
      const commandId = id(`command-${round}`);
      const results = await Promise.all(
        [store, other].map((writer) => writer.append(stream(`${round}`), [sent, delivered], { commandId })),
      );
      expect(results.filter(({ duplicate }) => duplicate)).toHaveLength(1);
      expect(results[0]?.events).toEqual(results[1]?.events);
      expect(await collect(store.readStream(stream(`${round}`)))).toHaveLength(2);
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
