import { MessageRefusedError, TransportUnavailableError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { takeOver } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { OutgoingMessage } from '../src/index.ts';
import { type RecordingOptions, RecordingTransport } from './recording-transport.ts';
import { ordersRelay, placed, relaying, test } from './relay-test.ts';

/** Events of the first batch of a relay: the next ones are of another one. */
const FIRST_BATCH = 500;
const EVENTS = 700;
/** Where the events of the second key begin. */
const SECOND_KEY = 351;

/** Appends events of two keys, one after the other: those of the second one are in both batches. */
async function fill(store: PostgresEventStore): Promise<void> {
  const events = Array.from({ length: EVENTS / 2 }, (_, index) => placed(index));
  await store.appendToStreams([
    { streamId: 'order-a', events },
    { streamId: 'order-b', events },
  ]);
}

const positions = (messages: readonly OutgoingMessage[]) => messages.map(({ sequence }) => Number(sequence));

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** A transport whose first call is confirmed when the gate is open. */
function gated(gate: Gate, options: RecordingOptions) {
  let calls = 0;
  return new RecordingTransport({
    ...options,
    onTaken: async (messages) => {
      calls += 1;
      if (calls === 1) await gate.pass();
      await options.onTaken?.(messages);
    },
  });
}

describe('a relay that publishes ahead', () => {
  test('sends the next batch before one is confirmed, and goes past neither', async ({ store, pool }) => {
    guarantee('relays-at-least-once', 'relays-name-the-message-before');
    await fill(store);
    const gate = new Gate();
    const transport = gated(gate, { ahead: true });
    const relay = ordersRelay(transport);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await until(() => transport.taken.length === EVENTS);
    expect(await runner.status()).toMatchObject([{ position: 0 }]);
    gate.open();
    await runner.whenCaughtUp(relay);
    expect(positions(transport.taken)).toEqual(upTo(EVENTS));
    for (const [index, { attributes }] of transport.taken.entries())
      expect(attributes['previous']).toBe(
        index + 1 === SECOND_KEY ? undefined : transport.taken[index - 1]?.sequence,
      );
    const { rows } = await pool.query(`select sequence from "${store.schema}".published_keys order by key`);
    expect(rows.map(({ sequence }) => Number(sequence))).toEqual([SECOND_KEY - 1, EVENTS]);
  });

  test('does so only by a publisher that says so', async ({ store }) => {
    guarantee('relays-in-order');
    await fill(store);
    const transport = new RecordingTransport({
      // As many round trips as another call needs to begin, many times over.
      onTaken: async () => {
        for (let trip = 0; trip < 50; trip += 1) await store.highWaterMark();
      },
    });
    const relay = ordersRelay(transport);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await runner.whenCaughtUp(relay);
    expect(positions(transport.taken)).toEqual(upTo(EVENTS));
    expect(transport.mostCalls).toBe(1);
  });

  test('publishes what it has sent behind a refused message again after it', async ({ store }) => {
    guarantee('relays-in-order');
    await fill(store);
    const refused = 401;
    const gate = new Gate();
    const transport = gated(gate, {
      ahead: true,
      onMessage: ({ id, sequence }, attempt) =>
        Number(sequence) === refused && attempt === 1
          ? new MessageRefusedError('recording transport', id, 'try again')
          : undefined,
    });
    const relay = ordersRelay(transport);
    await using runner = relaying(store, [relay]);
    await runner.start();
    await until(() => transport.taken.length === EVENTS - 1);
    gate.open();
    await runner.whenCaughtUp(relay);
    const ahead = transport.taken.slice(0, EVENTS - 1);
    const again = transport.taken.slice(EVENTS - 1);
    expect(positions(again)).toEqual(upTo(EVENTS).slice(refused - 1));
    for (const message of again.slice(1)) expect(ahead).toContainEqual(message);
    for (const { attributes, sequence } of again)
      expect(Number(attributes['previous'])).toBe(Number(sequence) - 1);
    expect(await runner.status()).toMatchObject([{ position: EVENTS, parked: { keys: 0 } }]);
  });

  test('begins again when nothing of before is under way', async ({ store }) => {
    guarantee('relays-in-order', 'relays-at-least-once');
    await fill(store);
    const first = new Gate();
    const second = new Gate();
    const incidents: unknown[] = [];
    let calls = 0;
    let isSecondUnderWay = false;
    let beside = 0;
    const transport = new RecordingTransport({
      ahead: true,
      onTaken: async () => {
        calls += 1;
        if (isSecondUnderWay) beside += 1;
        if (calls === 1) {
          await first.pass();
          throw new TransportUnavailableError('recording transport', 'it is away');
        }
        if (calls > 2) return;
        isSecondUnderWay = true;
        await second.pass();
        isSecondUnderWay = false;
      },
    });
    const relay = ordersRelay(transport);
    await using runner = relaying(store, [relay], {
      retry: { firstDelayMs: 1 },
      onIncident: ({ error }) => incidents.push(error),
    });
    await runner.start();
    await second.reached();
    first.open();
    await until(() => incidents.length === 1);
    // As long as the next attempt would take.
    for (let statements = 0; statements < 20; statements += 1)
      expect(await runner.status()).toMatchObject([{ position: 0 }]);
    expect(beside).toBe(0);
    second.open();
    await runner.whenCaughtUp(relay);
    expect(positions(transport.taken)).toEqual([...upTo(EVENTS), ...upTo(EVENTS)]);
    expect(transport.mostCalls).toBe(2);
  });

  test('sends no further batch when its process has lost the lease', async ({ store }) => {
    guarantee('relays-at-least-once');
    await fill(store);
    const gate = new Gate();
    const paused = new RecordingTransport({
      ahead: true,
      onMessage: async ({ sequence }) => {
        if (Number(sequence) === FIRST_BATCH) await gate.pass();
        return undefined;
      },
    });
    await using former = relaying(store, [ordersRelay(paused)], { leaseMs: 60_000 });
    await former.start();
    await gate.reached();
    const transport = new RecordingTransport({ ahead: true });
    const relay = ordersRelay(transport);
    await using next = relaying(store, [relay], { owner: 'next' });
    await next.start();
    await takeOver(store, { name: relay.name, owner: 'next' }, next.whenCaughtUp(relay));
    gate.open();
    await until(() => paused.taken.length >= FIRST_BATCH);
    await former.whenCaughtUp(relay);
    await former.stop();
    expect(positions(paused.taken)).toEqual(upTo(FIRST_BATCH));
    expect(positions(transport.taken)).toEqual(upTo(EVENTS));
  });
});
