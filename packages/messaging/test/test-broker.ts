import { TransportUnavailableError } from '@leftfold/core';
import type { Delivery, Receiver, ReceiverOptions, Transport } from '../src/index.ts';

/** What a broker has for its consumers. */
export type BrokerMessage = Pick<Delivery, 'attributes' | 'body' | 'contentType'>;

/** A message at the broker, and whether it is done with. */
export interface Sent {
  readonly message: BrokerMessage;
  redelivered: boolean;
  acknowledged: boolean;
}

/**
 * A transport in memory, which delivers what a test gives it, as the port allows: more than once, out of order, and again
 * after its connection was lost. Receivers share the messages; each gets the next one for which it has room.
 */
export class TestBroker implements Transport {
  readonly name = 'test broker';
  /** How often a receiver was opened, and with which prefetch. */
  readonly opened: number[] = [];
  /** Thrown by the next attempts to connect, first come, first served. */
  readonly refusals: Error[] = [];
  /** What an attempt to connect waits for. */
  opening: () => Promise<void> = () => Promise.resolve();
  /** What was sent and is not acknowledged. */
  #waiting: Sent[] = [];
  readonly #receivers = new Set<OpenReceiver>();

  openPublisher(): Promise<never> {
    return Promise.reject(new TransportUnavailableError(this.name, 'it only delivers'));
  }

  async openReceiver(options: ReceiverOptions): Promise<Receiver> {
    await this.opening();
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    this.opened.push(options.prefetch);
    const receiver: OpenReceiver = { options, held: new Set() };
    this.#receivers.add(receiver);
    queueMicrotask(() => this.#deliver());
    return { close: async () => this.#close(receiver) };
  }

  send(message: BrokerMessage, { redelivered = false } = {}): Sent {
    const sent: Sent = { message, redelivered, acknowledged: false };
    this.#waiting.push(sent);
    this.#deliver();
    return sent;
  }

  /** Ends all connections: what was not acknowledged is delivered again. */
  cut(): void {
    for (const receiver of this.#receivers) {
      this.#close(receiver);
      receiver.options.onLost(new TransportUnavailableError(this.name, 'the connection was cut'));
    }
  }

  #close(receiver: OpenReceiver): void {
    if (!this.#receivers.delete(receiver)) return;
    const again = [...receiver.held].filter(({ acknowledged }) => !acknowledged);
    for (const sent of again) sent.redelivered = true;
    this.#waiting = [...again, ...this.#waiting];
    this.#deliver();
  }

  #deliver(): void {
    for (const receiver of this.#receivers) {
      while (receiver.held.size < receiver.options.prefetch) {
        const sent = this.#waiting.shift();
        if (sent === undefined) return;
        receiver.held.add(sent);
        receiver.options.onDelivery({
          ...sent.message,
          redelivered: sent.redelivered,
          acknowledge: () => {
            if (!receiver.held.delete(sent)) return;
            sent.acknowledged = true;
            this.#deliver();
          },
        });
      }
    }
  }
}

interface OpenReceiver {
  readonly options: ReceiverOptions;
  readonly held: Set<Sent>;
}
