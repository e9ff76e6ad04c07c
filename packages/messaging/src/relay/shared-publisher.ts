import { TransportUnavailableError } from '@leftfold/core';
import type { OutgoingMessage, Publisher, PublishOutcome, Transport } from '../transport/transport.ts';
import { untilAborted } from '../transport/until-aborted.ts';

/**
 * The publisher of one transport in this process: opened when it is first used, and anew after it failed.
 */
export class SharedPublisher {
  readonly #transport: Transport;
  #opened: Promise<Publisher> | undefined;
  #closed = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Of the transport. */
  get name(): string {
    return this.#transport.name;
  }

  /** @throws TransportUnavailableError, TransportRefusedError, and the signal's reason: what the broker has is not known */
  publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
    onSent?: () => void,
  ): Promise<readonly PublishOutcome[]> {
    // A batch that failed may still be on its way: a connection of its own keeps it from mixing with the next one.
    const work = (publisher: Publisher) => publisher.publish(messages, signal, onSent);
    return this.#use(work, { signal, endsByAbort: true });
  }

  /**
   * Publishes a message that reaches no consumer. One that is not waited for leaves the connection to others.
   *
   * @throws like {@link publish}
   */
  check(signal: AbortSignal): Promise<void> {
    return this.#use((publisher) => publisher.check(signal), { signal, endsByAbort: false });
  }

  /** Does not throw. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#discard(this.#opened);
  }

  async #use<TResult>(
    work: (publisher: Publisher) => Promise<TResult>,
    { signal, endsByAbort }: { readonly signal: AbortSignal; readonly endsByAbort: boolean },
  ): Promise<TResult> {
    signal.throwIfAborted();
    const { name } = this.#transport;
    if (this.#closed) throw new TransportUnavailableError(name, 'the relays of this process are stopped');
    const opened = (this.#opened ??= this.#transport.openPublisher());
    try {
      return await untilAborted(opened.then(work), signal);
    } catch (error) {
      if (endsByAbort || !signal.aborted) {
        if (this.#opened === opened) this.#opened = undefined;
        void this.#discard(opened);
      }
      throw error;
    }
  }

  async #discard(opened: Promise<Publisher> | undefined): Promise<void> {
    const publisher = await opened?.catch(() => undefined);
    await publisher?.close().catch(() => {});
  }
}
