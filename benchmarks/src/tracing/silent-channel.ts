import { tracingChannel } from 'node:diagnostics_channel';
import { type AppendTrace, traced } from '@leftfold/core';
import type { Workload } from '../run/workload.ts';

const CALLS = 200_000;
const channel = tracingChannel<unknown, AppendTrace>('leftfold:benchmark');
const work = () => Promise.resolve(1);

/** Awaits a promise many times: through a tracing channel that has no subscriber, or directly. */
export function silentChannel(name: string, { published }: { readonly published: boolean }): Workload {
  const messageOf = (): AppendTrace => ({ schema: '', streamIds: [], eventCount: 1, commandId: undefined });
  const call = published ? () => traced(channel, work, messageOf, () => {}) : work;
  return {
    name,
    setup: async () => ({
      async run() {
        const began = performance.now();
        for (let count = 0; count < CALLS; count += 1) await call();
        const seconds = (performance.now() - began) / 1_000;
        return { perSecond: CALLS / seconds };
      },
      teardown: async () => {},
    }),
  };
}
