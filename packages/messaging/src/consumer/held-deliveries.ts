import type { InvalidMessageError } from '@leftfold/core';
import type { Delivery } from '../transport/transport.ts';
import type { PlacedMessage } from './message-reader.ts';
import type { DeliveryConnection } from './receiver-loop.ts';

/** A delivery, and the message that it is, or why it is none. */
export interface ReadDelivery {
  readonly delivery: Delivery;
  readonly connection: DeliveryConnection;
  readonly message: PlacedMessage | InvalidMessageError;
}

/** What a delivery that waits is known by, without keeping its body in memory. */
export type Ticket = symbol;

/** The deliveries that are in memory: those that wait, and those that are worked on. */
export class HeldDeliveries {
  readonly #waiting = new Map<Ticket, ReadDelivery>();
  /** Sizes of the bodies. */
  readonly #begun = new Map<Ticket, number>();
  #bytes = 0;

  get count(): number {
    return this.#waiting.size + this.#begun.size;
  }

  /** Size of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  add(read: ReadDelivery): Ticket {
    const ticket = Symbol('delivery');
    this.#waiting.set(ticket, read);
    this.#bytes += sizeOf(read);
    return ticket;
  }

  /** @returns undefined for one whose connection was lost: it is delivered again */
  begin(ticket: Ticket): ReadDelivery | undefined {
    const read = this.#waiting.get(ticket);
    if (read === undefined) return undefined;
    this.#waiting.delete(ticket);
    this.#begun.set(ticket, sizeOf(read));
    return read;
  }

  /** It is done, or left to the broker. */
  release(ticket: Ticket): void {
    const waiting = this.#waiting.get(ticket);
    this.#bytes -= waiting === undefined ? (this.#begun.get(ticket) ?? 0) : sizeOf(waiting);
    this.#begun.delete(ticket);
    this.#waiting.delete(ticket);
  }

  /** Frees those that wait and whose connection was lost. */
  releaseLost(): void {
    for (const [ticket, { connection }] of this.#waiting) if (!connection.isHeld) this.release(ticket);
  }
}

function sizeOf({ delivery }: ReadDelivery): number {
  return delivery.body.byteLength;
}
