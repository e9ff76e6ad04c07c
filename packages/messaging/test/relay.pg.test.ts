import { MessageRefusedError, TransportUnavailableError, tokenOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { takeOver } from '@leftfold/testbed/faults';
import { RecordingTransport } from './recording-transport.ts';
import { orderEvents, ordersRelay, placed, relaying, test } from './relay-test.ts';

const append = (store: PostgresEventStore, id: string, ...cents: readonly number[]) =>
  store.append(`order-${id}`, cents.map(placed));

const sequences = ({ taken }: RecordingTransport) => taken.map(({ sequence }) => Number(sequence));

describe('a relay', () => {
  test('publishes what it maps, and nothing else, as CloudEvents in the order of the log', async ({
    store,
  }) => {
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, { map: (cents) => (cents === 2 ? undefined : cents) });
    const { events } = await append(store, 'a', 1, 2, 3);
    await store.append('order-a', [orderEvents.create.noted({})]);
    await append(store, 'b', 4);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    expect(transport.bodies).toEqual([{ total: 1 }, { total: 3 }, { total: 4 }]);
    const [first, second] = transport.taken;
    expect(first?.attributes).toEqual({
      specversion: '1.0',
      id: events[0]!.id,
      source: '/shop/orders',
      type: 'orders.placed',
      subject: 'order-a',
      time: events[0]!.recordedAt.toISOString(),
      datacontenttype: 'application/json',
      sequence: String(events[0]!.position).padStart(16, '0'),
      partitionkey: 'order-a',
      schemaversion: '1',
      lineage: expect.stringMatching(/^[\w-]{22}$/),
    });
    expect(second?.attributes['previous']).toBe(first?.sequence);
    expect(await runner.status()).toMatchObject([
      { state: 'running', lag: 0, transport: { ok: true, message: 'it confirms messages' } },
    ]);
  });

  test('publishes structured content that has everything in one document', async ({ store }) => {
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, { mode: 'structured' });
    await append(store, 'a', 1);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    const [message] = transport.taken;
    expect(message?.contentType).toBe('application/cloudevents+json');
    expect(transport.bodies).toEqual([{ ...message?.attributes, data: { total: 1 } }]);
  });

  test('names the message before each one of a key, over batches and processes', async ({ store }) => {
    guarantee('relays-name-the-message-before');
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport);
    for (const cents of [1, 2, 3]) {
      await append(store, 'a', cents);
      await append(store, 'b', cents);
      await using runner = relaying(store, [relay]);
      await runner.start();
      await runner.whenCaughtUp(relay);
    }
    for (const key of ['order-a', 'order-b']) {
      const own = transport.taken.filter((message) => message.key === key);
      expect(own.map(({ attributes }) => attributes['previous'])).toEqual([
        undefined,
        own[0]!.sequence,
        own[1]!.sequence,
      ]);
    }
  });

  test('waits for a broker that is away, and parks nothing', async ({ store }) => {
    guarantee('relays-wait-for-the-broker');
    let away = true;
    const incidents: string[] = [];
    const transport = new RecordingTransport({
      onMessage: () => {
        if (away) throw new TransportUnavailableError('recording transport', 'it is away');
        return undefined;
      },
    });
    const relay = ordersRelay(transport, { retry: { attempts: 1, firstDelayMs: 5 } });
    await append(store, 'a', 1, 2);
    await using runner = relaying(store, [relay], {
      retry: { firstDelayMs: 5, maxDelayMs: 20 },
      onIncident: ({ error }) => incidents.push(String(error)),
    });
    await runner.start();
    await until(() => incidents.length > 8);
    expect(await runner.status()).toMatchObject([{ position: 0, parked: { keys: 0 } }]);
    expect(incidents.at(-1)).toContain('it is away');
    away = false;
    await runner.whenCaughtUp(relay);
    expect(transport.bodies).toEqual([{ total: 1 }, { total: 2 }]);
  });

  test('publishes a refused message again before the later ones of its key', async ({ store }) => {
    guarantee('relays-in-order');
    const transport = new RecordingTransport({
      onMessage: ({ id }, attempt) =>
        attempt === 1 && id === events[1]!.id
          ? new MessageRefusedError('recording transport', id, 'try again')
          : undefined,
    });
    const relay = ordersRelay(transport);
    const { events } = await append(store, 'a', 1, 2, 3);
    await append(store, 'b', 9);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    // 3 was taken behind the refused 2, and is there again after it.
    const ofA = transport.taken.filter(({ key }) => key === 'order-a');
    expect(ofA.map(({ sequence }) => Number(sequence))).toEqual([1, 3, 2, 3]);
    expect(ofA.slice(2).map(({ attributes }) => Number(attributes['previous']))).toEqual([1, 2]);
    expect(transport.taken.filter(({ key }) => key === 'order-b')).toHaveLength(1);
  });

  test('parks the key of a message that cannot be made, and publishes it after a resume', async ({
    store,
  }) => {
    guarantee('relays-name-the-message-before');
    let broken = true;
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, {
      onFailure: 'park',
      map: (cents) => {
        if (broken && cents === 2) throw new Error('no total');
        return cents;
      },
    });
    await append(store, 'a', 1, 2, 3);
    await append(store, 'b', 4);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await until(async () => (await runner.status())[0]?.parked?.keys === 1);
    await runner.whenCaughtUp(relay);
    expect(transport.bodies).toEqual([{ total: 1 }, { total: 4 }]);
    broken = false;
    await runner.parked.resume(relay, 'order-a');
    await until(() => transport.taken.length === 4);
    expect(transport.bodies.slice(2)).toEqual([{ total: 2 }, { total: 3 }]);
    expect(transport.taken[2]?.attributes['previous']).toBe(transport.taken[0]?.sequence);
  });

  test('goes on publishing while a status waits in vain for the broker', async ({ store }) => {
    const gate = new Gate();
    const transport = new RecordingTransport({
      onTaken: () => gate.pass(),
      onCheck: () => new Promise(() => {}),
    });
    const relay = ordersRelay(transport);
    await append(store, 'a', 1);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await gate.reached();
    expect(await runner.status()).toMatchObject([
      { transport: { ok: false, message: expect.stringContaining('did not confirm') } },
    ]);
    expect(transport.closed).toBe(0);
    gate.open();
    await runner.whenCaughtUp(relay);
    expect(sequences(transport)).toEqual([1]);
  });

  test('stops at a message that is none of its language', async ({ store }) => {
    const transport = new RecordingTransport();
    // Sound for the test: a value that JavaScript would pass.
    const relay = ordersRelay(transport, { map: () => 'much' as unknown as number });
    const { events } = await append(store, 'a', 1);
    await using runner = relaying(store, [relay]);
    await runner.start();
    const waited = await failureOf(runner.waitFor(relay, tokenOf(events[0]), { timeoutMs: 10_000 }));
    expect(waited).toMatchObject({ code: 'SUBSCRIPTION_FAILED', kind: 'relay' });
    expect(transport.taken).toEqual([]);
  });
});

describe('two relays of one log', () => {
  test('confirm for each destination: one that is away does not make the other one get a message again', async ({
    store,
  }) => {
    guarantee('relays-at-least-once');
    let away = true;
    let refused = 0;
    const there = new RecordingTransport();
    const elsewhere = new RecordingTransport({
      onMessage: () => {
        if (!away) return undefined;
        refused += 1;
        throw new TransportUnavailableError('recording transport', 'it is away');
      },
    });
    const relay = ordersRelay(there);
    const other = ordersRelay(elsewhere, { name: 'orders-copy', source: '/shop/copies' });
    await append(store, 'a', 1, 2);
    await using runner = relaying(store, [relay, other], { retry: { firstDelayMs: 5, maxDelayMs: 20 } });
    await runner.start();
    await runner.whenCaughtUp(relay);
    await until(() => refused > 5);
    await append(store, 'a', 3);
    await runner.whenCaughtUp(relay);
    expect(elsewhere.taken).toEqual([]);
    away = false;
    await runner.whenCaughtUp(other);
    expect(sequences(elsewhere)).toEqual([1, 2, 3]);
    expect(sequences(there)).toEqual([1, 2, 3]);
    expect(there.taken.map(({ attributes }) => attributes['source'])).toEqual(Array(3).fill('/shop/orders'));
  });
});

describe('the checkpoint of a relay', () => {
  test('does not move before the broker has confirmed', async ({ store }) => {
    guarantee('relays-at-least-once');
    const gate = new Gate();
    const transport = new RecordingTransport({ onTaken: () => gate.pass() });
    const relay = ordersRelay(transport);
    await append(store, 'a', 1);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await gate.reached();
    expect(await runner.status()).toMatchObject([{ position: 0 }]);
    gate.open();
    await runner.whenCaughtUp(relay);
    expect(await runner.status()).toMatchObject([{ position: 1 }]);
  });

  test('is not moved by a process that lost its lease while it published; the next one repeats', async ({
    store,
  }) => {
    guarantee('relays-at-least-once');
    const gate = new Gate();
    const paused = new RecordingTransport({ onTaken: () => gate.pass() });
    await append(store, 'a', 1, 2);
    await using former = relaying(store, [ordersRelay(paused)], { leaseMs: 60_000 });
    await former.start();
    await gate.reached();
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport);
    await using next = relaying(store, [relay], { owner: 'next' });
    await next.start();
    await takeOver(store, { name: relay.name, owner: 'next' }, next.whenCaughtUp(relay));
    await append(store, 'a', 3);
    await next.whenCaughtUp(relay);
    gate.open();
    await former.stop();
    expect(sequences(paused)).toEqual([1, 2]);
    expect(sequences(transport)).toEqual([1, 2, 3]);
    expect(transport.taken[2]?.attributes['previous']).toBe(transport.taken[1]?.sequence);
  });

  test('of a process that is behind publishes nothing that another one has published', async ({
    store,
    pool,
  }) => {
    guarantee('relays-name-the-message-before');
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport);
    await append(store, 'a', 1, 2, 3, 4);
    await using runner = relaying(store, [relay]);
    await runner.migrate();
    // As a process finds it that was paused with its batch before it read this row.
    await pool.query(
      `insert into "${store.schema}".published_keys (relay, key, sequence) values ($1, 'order-a', '0000000000000002')`,
      [relay.name],
    );
    await runner.start();
    await runner.whenCaughtUp(relay);
    expect(sequences(transport)).toEqual([3, 4]);
    expect(transport.taken[0]?.attributes['previous']).toBe('0000000000000002');
  });

  test('goes on where an older version is: nothing is published again', async ({ store }) => {
    guarantee('relays-publish-nothing-again');
    const transport = new RecordingTransport();
    await append(store, 'a', 1);
    const first = ordersRelay(transport);
    await using runner = relaying(store, [first]);
    await runner.start();
    await runner.whenCaughtUp(first);
    await runner.stop();
    const second = ordersRelay(transport, { version: 2 });
    await append(store, 'a', 2);
    await using next = relaying(store, [second]);
    await next.start();
    await next.whenCaughtUp(second);
    expect(sequences(transport)).toEqual([1, 2]);
    expect(transport.taken[1]?.attributes['previous']).toBe(transport.taken[0]?.sequence);
  });

  test('begins at the end of the log by default', async ({ store }) => {
    guarantee('relays-publish-nothing-again');
    const transport = new RecordingTransport();
    await append(store, 'a', 1);
    const relay = ordersRelay(transport, { start: 'end' });
    await using runner = relaying(store, [relay]);
    await runner.start();
    await append(store, 'a', 2);
    await runner.whenCaughtUp(relay);
    expect(sequences(transport)).toEqual([2]);
  });
});

describe('a rewind', () => {
  test('publishes again what follows, each message with the one that was before it', async ({ store }) => {
    guarantee('relays-name-the-message-before');
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, { map: (cents) => (cents === 0 ? undefined : cents) });
    await append(store, 'a', 1, 0, 2, 3);
    await append(store, 'b', 4);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    const before = transport.taken.splice(0);
    await runner.rewind(relay, { position: 2 });
    await runner.whenCaughtUp(relay);
    expect(sequences(transport)).toEqual([3, 4, 5]);
    expect(transport.taken.map(({ attributes }) => attributes)).toEqual(
      before.slice(1).map(({ attributes }) => attributes),
    );
    await append(store, 'b', 5);
    await runner.whenCaughtUp(relay);
    expect(transport.taken.at(-1)?.attributes['previous']).toBe(before.at(-1)?.sequence);
  });

  test('to the beginning forgets what was published', async ({ store }) => {
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, { slices: 2 });
    const { events } = await append(store, 'a', 1, 2);
    await append(store, 'b', 3);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    transport.taken.splice(0);
    await runner.rewind(relay, { token: tokenOf(undefined) });
    await runner.whenCaughtUp(relay);
    expect(new Set(sequences(transport))).toEqual(new Set([1, 2, 3]));
    expect(transport.taken.find(({ id }) => id === events[0]!.id)?.attributes['previous']).toBeUndefined();
  });

  test('does not move forward a relay that is behind, and keeps what was set aside before', async ({
    store,
  }) => {
    const transport = new RecordingTransport();
    const relay = ordersRelay(transport, {
      onFailure: 'park',
      retry: { attempts: 1, firstDelayMs: 5 },
      map: (cents) => {
        if (cents < 0) throw new Error('no total');
        return cents;
      },
    });
    await append(store, 'a', -1, 1);
    await append(store, 'b', 2, -1, 3);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await until(async () => (await runner.status())[0]?.parked?.keys === 2);
    await runner.rewind(relay, { position: 3 });
    await until(async () => (await runner.status())[0]?.parked?.events === 4);
    expect(transport.bodies).toEqual([{ total: 2 }]);
    await runner.rewind(relay, { position: 1_000 });
    await runner.whenCaughtUp(relay);
    expect(transport.bodies).toEqual([{ total: 2 }]);
    expect(await runner.parked.list(relay)).toMatchObject([{ key: 'order-a' }, { key: 'order-b' }]);
  });

  test('takes a position or a token', async ({ store }) => {
    const relay = ordersRelay(new RecordingTransport());
    await using runner = relaying(store, [relay]);
    for (const to of [{}, { position: 1, token: tokenOf(undefined) }, { position: -1 }, { at: 1 }, undefined])
      expect(await failureOf(runner.rewind(relay, to as { position: number }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });
});
