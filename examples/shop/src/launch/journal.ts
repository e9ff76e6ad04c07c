import type { JournalEntry } from '../service/journal-entry.ts';

/** What happened to the orders, as the logs of the services have it. */
export class Journal {
  readonly #ids = new Set<string>();
  /** How often each type of event happened to each order. */
  readonly #counts = new Map<string, Map<string, number>>();

  /** @returns whether it is new: a service that was started again tells its log from the beginning */
  add({ id, type, orderId }: JournalEntry): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const ofType = this.#counts.get(type) ?? new Map<string, number>();
    this.#counts.set(type, ofType.set(orderId, (ofType.get(orderId) ?? 0) + 1));
    return true;
  }

  /** Orders to which it happened. */
  count(type: string): number {
    return this.#counts.get(type)?.size ?? 0;
  }

  /** What happened more than once to an order. */
  get twice(): readonly string[] {
    return [...this.#counts].flatMap(([type, ofType]) =>
      [...ofType].filter(([, count]) => count > 1).map(([orderId]) => `${type} of ${orderId}`),
    );
  }

  /** `95 placed, 12 requested, …`: how many orders came how far. */
  get progress(): string {
    return steps.map((type) => `${this.count(type)} ${type.replace(/^.*\./, '')}`).join(', ');
  }
}

/** In the order in which they happen to most orders. */
const steps = [
  'order.placed',
  'payment.requested',
  'payment.taken',
  'payment.declined',
  'parcel.sent',
  'order.completed',
];
