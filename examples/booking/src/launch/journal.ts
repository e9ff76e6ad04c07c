import type { JournalEntry } from '../service/journal-entry.ts';
import { type SupplierName, supplierNames } from '../suppliers/supplier-name.ts';
import { treatmentOf } from '../suppliers/trip-case.ts';
import type { ServiceName } from './service-process.ts';

/** What happened to the trips, as the logs of the services have it. */
export class Journal {
  readonly #ids = new Set<string>();
  /** By service and type of event, how often it happened to each trip. */
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #outcomes = new Map<string, string>();
  /** Trips that were taken back before a supplier answered. */
  readonly #late = new Set<string>();

  /** @returns whether it is new: a service that was started again tells its log from the beginning */
  add(service: ServiceName, { id, type, tripId, outcome }: JournalEntry): boolean {
    if (this.#ids.has(`${service} ${id}`)) return false;
    this.#ids.add(`${service} ${id}`);
    const what = `${service} ${type}`;
    const ofType = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, ofType.set(tripId, (ofType.get(tripId) ?? 0) + 1));
    if (outcome !== undefined) this.#outcomes.set(tripId, outcome);
    const isAnswer = type === 'reservation.answered';
    if (isAnswer && this.#outcomes.get(tripId) === 'compensated') this.#late.add(tripId);
    return true;
  }

  /** The trips to which it happened. */
  tripsWith(service: ServiceName, type: string): ReadonlySet<string> {
    return new Set(this.#counts.get(`${service} ${type}`)?.keys());
  }

  /** The trips whose saga ended so. */
  tripsThat(outcome: 'completed' | 'compensated'): ReadonlySet<string> {
    return new Set([...this.#outcomes].flatMap(([tripId, one]) => (one === outcome ? [tripId] : [])));
  }

  get closed(): number {
    return this.#outcomes.size;
  }

  get late(): number {
    return this.#late.size;
  }

  /** The trips for which a supplier holds something. */
  heldBy(supplier: SupplierName): ReadonlySet<string> {
    const released = this.tripsWith(supplier, 'reservation.released');
    const held = this.tripsWith(supplier, 'reservation.held');
    return new Set([...held].filter((tripId) => !released.has(tripId)));
  }

  /** True when every trip has its end, suppliers hold what is booked, and those that are late have answered. */
  isDone(trips: readonly string[]): boolean {
    const completed = this.tripsThat('completed');
    return (
      this.closed === trips.length &&
      supplierNames.every((supplier) => isSame(this.heldBy(supplier), completed)) &&
      supplierNames.every((supplier) => this.#owed(supplier) === 0)
    );
  }

  /** Late answers that are still to come. */
  #owed(supplier: SupplierName): number {
    const held = this.tripsWith(supplier, 'reservation.held');
    const late = [...held].filter((tripId) => treatmentOf(tripId, supplier) === 'is-late');
    const answered = this.tripsWith(supplier, 'reservation.answered');
    return late.filter((tripId) => !answered.has(tripId)).length;
  }

  /** What happened more than once to a trip. */
  get twice(): readonly string[] {
    return [...this.#counts]
      .filter(([what]) => !/ (?:booking|desk)\.(?!closed)/.test(what))
      .flatMap(([what, ofType]) =>
        [...ofType].filter(([, count]) => count > 1).map(([tripId]) => `${what} of ${tripId}`),
      );
  }

  /** `96 trips requested, 80 ended; held: …`: how far the trips are. */
  get progress(): string {
    const requested = this.tripsWith('bookings', 'trip.requested').size;
    const held = supplierNames.map((supplier) => `${this.heldBy(supplier).size} ${supplier}`).join(', ');
    return `${requested} trips requested, ${this.closed} ended; held: ${held}`;
  }
}

export function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((member) => other.has(member));
}
