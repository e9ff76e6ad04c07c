import { createEventStore } from '@leftfold/event-store';
import type { Subject } from '../../subject.ts';
import { DecisionsTrial } from './decisions-trial.ts';
import { school } from './school.ts';
import { leaveOutLocks } from './without-locks.ts';

/** Decisions over tags, and appends under conditions. */
export const decisions: Subject = {
  name: 'decisions',
  description:
    'Processes execute decisions and append under conditions of every form, beside appends without one; the log tells what each append excluded and saw, which is compared with what it had',
  holds:
    'No condition was violated and no refusal was false; every decision saw what the log had up to its mark, and is in it once.',
  processes: 3,
  controls: [
    {
      name: 'locks',
      change: 'nothing locks tags and types',
      mustFind: 'condition',
    },
  ],
  start: async (ground) => {
    const { connectionString, options } = ground;
    await using store = createEventStore({ connectionString, events: school.events, listen: false });
    await store.migrate();
    if (options.control !== undefined) await leaveOutLocks(connectionString);
    return new DecisionsTrial(ground);
  },
};
