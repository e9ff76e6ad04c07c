import type { BankPlace } from '../open-bank.ts';

/** The task of a worker. */
export interface NightRunOrder {
  readonly place: BankPlace;
  readonly ids: readonly string[];
  readonly transfers: number;
}

/** The progress of a worker. */
export interface NightRunReport {
  readonly done: number;
  /** Transfers that an earlier worker had made. */
  readonly duplicates: number;
}
