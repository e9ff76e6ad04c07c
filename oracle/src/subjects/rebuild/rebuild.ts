import { createApp } from 'leftfold';
import type { Subject } from '../../subject.ts';
import { writeHistory } from './history.ts';
import { inlineSums, ledger, projections, sums } from './ledger.ts';
import { RebuildTrial } from './rebuild-trial.ts';
import { switchUnfinished } from './without-wait.ts';

/** Events of the history for each second of the run, so that several rebuilds come to their end: a million for ten minutes. */
const EVENTS_PER_SECOND = 1_700;

/** Read models that are rebuilt while they serve. */
export const rebuild: Subject = {
  name: 'rebuild',
  description:
    'Read models of a long history are rebuilt and rolled back while processes execute commands and query them; no query may see a part, and in the end each row is compared with the log',
  holds:
    'No query saw a part of a read model, or less than was acknowledged; every row is the sum of the log.',
  processes: 3,
  takesHistory: true,
  control: { change: 'a copy may serve before it has caught up', mustFind: 'query' },
  start: async (ground) => {
    const { connectionString, options } = ground;
    const start = () => createApp({ aggregates: [ledger], projections, database: { url: connectionString } });
    await (await start()).close();
    await writeHistory(connectionString, options.history ?? Math.ceil(options.seconds * EVENTS_PER_SECOND));
    const app = await start();
    await app.projections.whenCaughtUp(sums);
    // Its rows are written by appends, and the history was not appended.
    await app.projections.rebuild(inlineSums);
    await app.close();
    if (options.control) await switchUnfinished(connectionString);
    return await RebuildTrial.start(ground);
  },
};
