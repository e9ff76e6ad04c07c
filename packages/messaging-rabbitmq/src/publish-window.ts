/** Most messages that are sent and not confirmed. */
const MOST_MESSAGES = 1_000;
/** Most bytes of their bodies, unless one message has more. */
const MOST_BYTES = 16 * 2 ** 20;

/** Bounds what is on its way to the broker, and with it the memory that it takes. */
export class PublishWindow {
  #messages = 0;
  #bytes = 0;
  #isBufferFull = false;
  readonly #waiting: { readonly size: number; readonly go: () => void }[] = [];

  /**
   * Lets a message of that size in, in the order of the calls.
   *
   * @returns undefined when it is in; otherwise resolves when it is: most messages find room, and a promise for each costs
   */
  enter(size: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#takes(size)) {
      this.#add(size);
      return undefined;
    }
    return new Promise<void>((go) => this.#waiting.push({ size, go }));
  }

  /** A message that was let in is confirmed, or not sent. */
  leave(size: number): void {
    this.#messages -= 1;
    this.#bytes -= size;
    this.#letIn();
  }

  /** The connection holds more than it should: none are let in until it is {@link drained}, or all are confirmed. */
  filled(): void {
    this.#isBufferFull = true;
  }

  drained(): void {
    this.#isBufferFull = false;
    this.#letIn();
  }

  #takes(size: number): boolean {
    if (this.#messages === 0) return true;
    return !this.#isBufferFull && this.#messages < MOST_MESSAGES && this.#bytes + size <= MOST_BYTES;
  }

  #add(size: number): void {
    this.#messages += 1;
    this.#bytes += size;
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#takes(next.size); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#add(next.size);
      next.go();
    }
  }
}
