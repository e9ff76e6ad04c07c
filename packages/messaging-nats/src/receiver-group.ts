import { uuidv7 } from '@leftfold/core';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { JetStreamConnection } from './jetstream-connection.ts';

/**
 * Milliseconds after `ackWaitMs` until a receiver is gone that was not heard of: the server sends it messages for as long as
 * its last requests are open, and gives those to others `ackWaitMs` later, or a little later than that.
 */
const GONE_AFTER_MS = 2_000;

/** What a receiver tells the others of its consumer. */
interface Announcement {
  readonly id: string;
  /** Partitions that are its own, and those of which it still has messages. */
  readonly holds: readonly number[];
  /** It is closed. */
  readonly left: boolean;
}

interface Member {
  readonly heardAt: number;
  readonly holds: ReadonlySet<number>;
}

export interface ReceiverGroupOptions {
  readonly consumer: string;
  /** Partitions of which this receiver has messages, or may get some. */
  readonly holds: () => readonly number[];
  /** Called when others have come, or have left, or do not hold a partition any more. */
  readonly onChange: () => void;
}

/**
 * The receivers of a consumer, which share its partitions: each tells the others that it lives and what it holds. One whose
 * partition becomes another one's holds it until its messages are acknowledged. A receiver that is not heard of is gone
 * when the server has given its messages to others: it says to both at one time that it lives.
 *
 * Nothing is lost, nor handled twice, if two of them have one partition for a moment: the order of a key is then left to
 * the inbox.
 */
export class ReceiverGroup {
  readonly #connection: JetStreamConnection;
  readonly #options: ReceiverGroupOptions;
  readonly #id = uuidv7(Date.now());
  readonly #subject: string;
  readonly #subscription: Subscription;
  readonly #others = new Map<string, Member>();
  #mine: ReadonlySet<number> = new Set();
  #joined = false;

  constructor(connection: JetStreamConnection, options: ReceiverGroupOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#subject = `${connection.settings.subject}.receivers.${options.consumer}`;
    this.#subscription = connection.client.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
      },
    });
    this.#share();
  }

  /** Whether a partition is one that this receiver gets. Another one may still hold it. */
  has(partition: number): boolean {
    return this.#mine.has(partition);
  }

  /** Takes a share, when the others have had time to tell what they hold. */
  join(): void {
    this.#joined = true;
    this.announce();
  }

  /** Whether messages of a partition can be asked for: it is this receiver's, and no other one holds it. */
  mayReceive(partition: number): boolean {
    if (!this.#joined || !this.#mine.has(partition)) return false;
    for (const { holds } of this.#others.values()) if (holds.has(partition)) return false;
    return true;
  }

  /** Tells the others what this receiver holds, and forgets those that were not heard of. */
  announce(): void {
    const { ackWaitMs } = this.#connection.settings;
    const oldest = performance.now() - ackWaitMs - GONE_AFTER_MS;
    for (const [id, { heardAt }] of this.#others) if (heardAt < oldest) this.#others.delete(id);
    this.#share();
    this.#tell(false);
  }

  /** Tells the others that this receiver holds nothing any more. */
  leave(): void {
    if (!this.#connection.isClosed) this.#subscription.unsubscribe();
    this.#tell(true);
  }

  #hear(message: Msg): void {
    const heard = parse(message);
    if (heard === undefined || heard.id === this.#id) return;
    const known = this.#others.has(heard.id);
    if (heard.left) this.#others.delete(heard.id);
    else this.#others.set(heard.id, { heardAt: performance.now(), holds: new Set(heard.holds) });
    // The shares are others now, and one that came has to know of this one.
    if (known === heard.left) this.announce();
    this.#options.onChange();
  }

  /** Deals the partitions out to all receivers, in the order of their ids. */
  #share(): void {
    const ids = [this.#id, ...this.#others.keys()].sort((one, other) => (one < other ? -1 : 1));
    const place = ids.indexOf(this.#id);
    const { partitions } = this.#connection.settings;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    this.#mine = new Set(all.filter((partition) => partition % ids.length === place));
  }

  #tell(left: boolean): void {
    if (this.#connection.isClosed) return;
    const own = this.#joined ? this.#mine : [];
    const holds = left ? [] : [...new Set([...own, ...this.#options.holds()])];
    const announcement: Announcement = { id: this.#id, holds, left };
    this.#connection.client.publish(this.#subject, JSON.stringify(announcement));
  }
}

/** @returns undefined for what no receiver has told */
function parse(message: Msg): Announcement | undefined {
  let told: unknown;
  try {
    told = message.json();
  } catch {
    return undefined;
  }
  if (typeof told !== 'object' || told === null) return undefined;
  const { id, holds, left } = told as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || !Array.isArray(holds) || typeof left !== 'boolean') return undefined;
  return { id, holds: holds.filter((partition) => typeof partition === 'number'), left };
}
