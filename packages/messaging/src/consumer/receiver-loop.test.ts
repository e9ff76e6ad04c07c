import { TransportUnavailableError } from '@leftfold/core';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Delivery, ReceiverOptions, Transport } from '../transport/transport.ts';
import { type DeliveryConnection, ReceiverLoop } from './receiver-loop.ts';

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** A loop, and the receivers that it has opened. */
async function startLoop(onDelivery: (delivery: Delivery, connection: DeliveryConnection) => void) {
  const opened: ReceiverOptions[] = [];
  const transport: Transport = {
    name: 'test',
    openPublisher: () => Promise.reject(new TransportUnavailableError('test', 'it only delivers')),
    openReceiver: async (options) => {
      opened.push(options);
      return { close: async () => {} };
    },
  };
  const ignored = () => {};
  const loop = new ReceiverLoop({
    transport,
    consumer: 'shipping',
    prefetch: 1,
    onDelivery,
    onReleased: ignored,
    onIncident: ignored,
  });
  await loop.start();
  onTestFinished(() => loop.stop());
  const deliver = () =>
    opened.at(-1)!.onDelivery({
      attributes: {},
      body: new Uint8Array(),
      contentType: undefined,
      redelivered: false,
      acknowledge: ignored,
    });
  const cut = () => opened.at(-1)!.onLost(new TransportUnavailableError('test', 'the connection was cut'));
  return { opened, deliver, cut };
}

/** The first delay has 100 ms at most. */
const FIRST_DELAY_MS = 100;

test('connects again at once, however often, while each connection brings a message that is handled', async () => {
  const { opened, deliver, cut } = await startLoop((_, connection) => connection.progressed());
  for (let cuts = 1; cuts <= 20; cuts += 1) {
    deliver();
    cut();
    await vi.advanceTimersByTimeAsync(FIRST_DELAY_MS);
    expect(opened).toHaveLength(cuts + 1);
  }
});

test('waits longer after each connection that brings no message which is handled', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => void vi.restoreAllMocks());
  const { opened, deliver, cut } = await startLoop(() => {});
  for (let cuts = 1; cuts <= 6; cuts += 1) {
    deliver();
    cut();
    await vi.advanceTimersByTimeAsync(FIRST_DELAY_MS * 2 ** (cuts - 1) - 1);
    expect(opened).toHaveLength(cuts);
    await vi.advanceTimersByTimeAsync(1);
    expect(opened).toHaveLength(cuts + 1);
  }
});
