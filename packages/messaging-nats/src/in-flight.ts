import type { Msg } from '@nats-io/transport-node';

interface Held {
  readonly message: Msg;
  readonly partition: number;
}

/** The messages that a receiver has and that are not acknowledged, by their sequences in the stream. */
export class InFlight {
  readonly #held = new Map<number, Held>();
  readonly #countOf = new Map<number, number>();

  get count(): number {
    return this.#held.size;
  }

  countOf(partition: number): number {
    return this.#countOf.get(partition) ?? 0;
  }

  /** The latest delivery of a message is the one that is answered. @returns whether there was one before */
  add(sequence: number, message: Msg, partition: number): boolean {
    const held = this.#held.has(sequence);
    this.#held.set(sequence, { message, partition });
    if (!held) this.#countOf.set(partition, this.countOf(partition) + 1);
    return held;
  }

  remove(sequence: number): Msg | undefined {
    const held = this.#held.get(sequence);
    if (held === undefined) return undefined;
    this.#held.delete(sequence);
    this.#countOf.set(held.partition, this.countOf(held.partition) - 1);
    return held.message;
  }

  /** In the order of the stream. */
  inOrder(): readonly Msg[] {
    return [...this.#held].sort(([one], [other]) => one - other).map(([, { message }]) => message);
  }

  clear(): void {
    this.#held.clear();
    this.#countOf.clear();
  }
}
