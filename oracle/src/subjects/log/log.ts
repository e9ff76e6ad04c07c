import { createEventStore } from '@leftfold/event-store';
import type { Subject } from '../../subject.ts';
import { HostileGuest } from './hostile-guest.ts';
import { LogTrial } from './log-trial.ts';

/** The event store: appends, readers and the high-water mark. */
export const log: Subject = {
  name: 'log',
  description:
    'Processes append and read at random; what every reader saw, and what every append expected or excluded, is compared with what was committed',
  holds:
    'Every reader saw exactly what was committed, in its order; every acknowledged append is in the log, once.',
  processes: 3,
  controls: [
    {
      name: 'high-water-mark',
      change: 'readers go by the newest position they see, in place of the high-water mark',
      mustFind: 'reader',
    },
  ],
  start: async (ground) => {
    await using store = createEventStore({
      connectionString: ground.connectionString,
      events: [],
      listen: false,
    });
    await store.migrate();
    const guest = new HostileGuest(ground.connectionString);
    await guest.arrive();
    return new LogTrial(ground, guest);
  },
};
