import type { BankPlace } from '../open-bank.ts';

/** What a worker is told to do. */
export interface NightRunOrder {
  readonly place: BankPlace;
  readonly ids: readonly string[];
  readonly transfers: number;
}

/** How far a worker is. */
export interface NightRunReport {
  readonly done: number;
  /** Transfers that a worker before it had made already. */
  readonly repeated: number;
}
