import { createApp } from 'leftfold';
import type { Subject } from '../../subject.ts';
import { counter, projections } from './counters.ts';
import { ReadsTrial } from './reads-trial.ts';

/** Reads of what was written just before. */
export const reads: Subject = {
  name: 'reads',
  description:
    'Processes of one app write and then read what they have written, with tokens, strong reads and sessions, while projections are locked, killed, reset and rebuilt',
  holds:
    'Every read had what it asked for: its own writes, all that was committed, and nothing older than before.',
  processes: 3,
  makesPairs: true,
  controls: [
    {
      name: 'tokens',
      change: 'reads are given no token, and are not strong',
      mustFind: 'stale',
    },
  ],
  start: async (ground) => {
    const app = await createApp({
      aggregates: [counter],
      projections,
      database: { url: ground.connectionString },
      subscriptions: { run: false },
    });
    await app.close();
    return new ReadsTrial(ground);
  },
};
