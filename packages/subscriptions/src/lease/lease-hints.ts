import { DEMOTED_TOPIC, type PostgresEventStore } from '@leftfold/event-store';

/** What processes tell each other when leases are free, or when there is one more to share them with. */
const LEASES_TOPIC = 'leases';
/** Every role may send notifications: those of this time are answered by one check. */
const HINT_MS = 20;

/** Tells other processes that leases are free, and hears it from them, and from appends that demoted a projection. */
export class LeaseHints {
  readonly #hints: PostgresEventStore['hints'];
  readonly #owner: string;
  #timer: NodeJS.Timeout | undefined;
  #endings: readonly (() => void)[] = [];

  constructor(hints: PostgresEventStore['hints'], owner: string) {
    this.#hints = hints;
    this.#owner = owner;
  }

  /** @param onHint is called soon after others, or an append of this process, told something */
  hear(onHint: () => void): void {
    const soon = () => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        onHint();
      }, HINT_MS);
    };
    this.#endings = [LEASES_TOPIC, DEMOTED_TOPIC].map((topic) => this.#hints.hear(topic, this.#owner, soon));
  }

  /** Failures are ignored: what is not told is found by the others' next check. */
  async tell(): Promise<void> {
    await this.#hints.tell(LEASES_TOPIC, this.#owner);
  }

  /** Hears nothing more. */
  close(): void {
    for (const end of this.#endings) end();
    this.#endings = [];
    clearTimeout(this.#timer);
  }
}
