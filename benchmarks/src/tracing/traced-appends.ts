import { tracingChannel } from 'node:diagnostics_channel';
import { leftfoldAppend } from '../append/leftfold-append.ts';
import type { Workload } from '../run/workload.ts';

const channels = ['leftfold:append', 'leftfold:append.batch'] as const;

/** The same appends, with a subscriber on every channel of the event store that does nothing. */
export function tracedAppends(name: string, inFlight: number): Workload {
  const silent = leftfoldAppend(name, inFlight);
  const ignore = () => {};
  const subscriber = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: ignore, error: ignore };
  return {
    name,
    async setup(bench) {
      const prepared = await silent.setup(bench);
      return {
        async run(pace) {
          for (const channel of channels) tracingChannel(channel).subscribe(subscriber);
          try {
            return await prepared.run(pace);
          } finally {
            for (const channel of channels) tracingChannel(channel).unsubscribe(subscriber);
          }
        },
        teardown: () => prepared.teardown(),
      };
    },
  };
}
