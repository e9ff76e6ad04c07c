import type { OutgoingMessage, Publisher, PublishOutcome, Transport } from '../src/index.ts';

export interface RecordingOptions {
  /** Called before messages are taken, in their order: returns why one is not, or throws when the broker is away. */
  readonly onMessage?: (
    message: OutgoingMessage,
    attempt: number,
  ) => PublishOutcome | Promise<PublishOutcome>;
  /** Called after all messages of a call are taken, before they are confirmed. */
  readonly onTaken?: (messages: readonly OutgoingMessage[]) => Promise<void>;
  /** Whether the next call may come before the messages of one are confirmed. @default false */
  readonly ahead?: boolean;
  readonly onCheck?: () => Promise<void>;
}

/** A transport that keeps what is published, in the order in which it came, and has no consumers. */
export class RecordingTransport implements Transport {
  readonly name = 'recording transport';
  readonly taken: OutgoingMessage[] = [];
  /** Publishers that were closed. */
  closed = 0;
  /** Calls at one time, at most. */
  mostCalls = 0;
  #calls = 0;
  readonly #options: RecordingOptions;
  readonly #attempts = new Map<string, number>();

  constructor(options: RecordingOptions = {}) {
    this.#options = options;
  }

  /** Data of the messages that were taken. */
  get bodies(): readonly unknown[] {
    return this.taken.map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as unknown);
  }

  async openPublisher(): Promise<Publisher> {
    return {
      publish: async (messages, _signal, onSent) => {
        this.#calls += 1;
        this.mostCalls = Math.max(this.mostCalls, this.#calls);
        try {
          return await this.#publish(messages, onSent);
        } finally {
          this.#calls -= 1;
        }
      },
      check: async () => this.#options.onCheck?.(),
      close: async () => {
        this.closed += 1;
      },
    };
  }

  openReceiver(): Promise<never> {
    return Promise.reject(new Error('nothing is received here'));
  }

  async #publish(
    messages: readonly OutgoingMessage[],
    onSent?: () => void,
  ): Promise<readonly PublishOutcome[]> {
    const outcomes: PublishOutcome[] = [];
    for (const message of messages) {
      const attempt = (this.#attempts.get(message.id) ?? 0) + 1;
      this.#attempts.set(message.id, attempt);
      const outcome = await this.#options.onMessage?.(message, attempt);
      if (outcome === undefined) this.taken.push(message);
      outcomes.push(outcome);
    }
    if (this.#options.ahead === true) onSent?.();
    await this.#options.onTaken?.(messages);
    return outcomes;
  }
}
