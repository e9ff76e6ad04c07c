/** Work queued for a stream. */
interface Ticket {
  readonly start: () => void;
  readonly started: Promise<void>;
}

/**
 * Runs work on the same stream one after another within this process, first come, first served.
 *
 * This only saves retries: concurrent commands to one stream would conflict in the store. Across processes, the expected
 * version of each append is what protects a stream.
 */
export class StreamQueues {
  readonly #lanes = new Map<string, Set<Ticket>>();

  /** Runs `work` after all earlier work on any of these streams. */
  async take<TResult>(streamIds: readonly string[], work: () => Promise<TResult>): Promise<TResult> {
    // All queues are entered in the same tick, so they agree on the order and cannot deadlock.
    const tickets = streamIds.map((streamId) => this.#enter(streamId));
    for (const { started } of tickets) await started;
    try {
      return await work();
    } finally {
      streamIds.forEach((streamId, index) => this.#leave(streamId, tickets[index]));
    }
  }

  /** Starts everything queued for these streams at once. */
  open(streamIds: readonly string[]): void {
    for (const streamId of streamIds) {
      for (const ticket of this.#lanes.get(streamId) ?? []) ticket.start();
    }
  }

  #enter(streamId: string): Ticket {
    const lane = this.#lanes.get(streamId) ?? new Set<Ticket>();
    this.#lanes.set(streamId, lane);
    const ticket = lane.size === 0 ? startedTicket : waitingTicket();
    lane.add(ticket);
    return ticket;
  }

  #leave(streamId: string, ticket: Ticket | undefined): void {
    const lane = this.#lanes.get(streamId);
    if (lane === undefined || ticket === undefined) return;
    lane.delete(ticket);
    const [next] = lane;
    if (next === undefined) this.#lanes.delete(streamId);
    else next.start();
  }
}

const startedTicket: Ticket = { start: () => {}, started: Promise.resolve() };

function waitingTicket(): Ticket {
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  return { start, started };
}
