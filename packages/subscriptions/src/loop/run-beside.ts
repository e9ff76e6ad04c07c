import { retryDelayMs } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import type { LeaseTerm } from '../lease/lease-term.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { keyOf } from '../subscription/subscription-key.ts';
import type { LoopOptions } from './loop-options.ts';

/** Runs what a definition has beside the batches of a term, until it ends or the signal aborts. Does not throw. */
export async function runBeside(
  { definition }: Subscription,
  term: LeaseTerm,
  { store, leases, retry, onIncident }: Pick<LoopOptions, 'store' | 'leases' | 'retry' | 'onIncident'>,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; definition.beside !== undefined && !signal.aborted; attempt += 1) {
    try {
      if (await definition.beside(term, signal)) leases.drop(term);
      return;
    } catch (error) {
      if (signal.aborted || store.closed) return;
      onIncident({ subscription: keyOf(term), error, stopped: false });
      await pause(retryDelayMs(retry, attempt), signal);
    }
  }
}
