/** What a service tells its launcher. */
export type ServiceMessage = JournalEntry | { readonly kind: 'ready' };

/** An event of the log of a service. */
export interface JournalEntry {
  readonly kind: 'event';
  readonly id: string;
  /** `reservation.held`. */
  readonly type: string;
  readonly tripId: string;
  /** Of the end of a saga. */
  readonly outcome?: string | undefined;
}

/** What the launcher asks of the service of the bookings. */
export interface RequestTrips {
  readonly trips: readonly string[];
}
