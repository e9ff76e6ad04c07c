/** What a service tells its launcher. */
export type ServiceMessage = JournalEntry | { readonly kind: 'ready' };

/** An event of the log of a service. */
export interface JournalEntry {
  readonly kind: 'event';
  readonly id: string;
  /** `payment.taken`. */
  readonly type: string;
  readonly orderId: string;
}

/** What the launcher asks of the orders service. */
export interface PlaceOrders {
  readonly place: number;
}
