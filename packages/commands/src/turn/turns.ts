/** One piece of work that waits for its turn on a stream. */
interface Ticket {
  readonly start: () => void;
  readonly started: Promise<void>;
}

/**
 * Lets work on the same streams go one after another within this process, in the order it came.
 *
 * Only a matter of speed: commands that met at the store would conflict and be tried again. What holds across
 * processes is the version each append expects.
 */
export class Turns {
  readonly #lanes = new Map<string, Set<Ticket>>();

  /** Runs `work` when all earlier work on any of these streams has ended. */
  async take<TResult>(streamIds: readonly string[], work: () => Promise<TResult>): Promise<TResult> {
    // Every lane is entered in this same tick. So all lanes agree on the order, and no two wait for each other.
    const tickets = streamIds.map((streamId) => this.#enter(streamId));
    for (const { started } of tickets) await started;
    try {
      return await work();
    } finally {
      streamIds.forEach((streamId, index) => this.#leave(streamId, tickets[index]));
    }
  }

  /** Lets everything that waits for these streams go at once. */
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
