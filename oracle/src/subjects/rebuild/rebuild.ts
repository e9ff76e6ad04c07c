import { createApp } from 'leftfold';
import { withClient } from '../../faults/every-subject.ts';
import type { Subject } from '../../subject.ts';
import { writeHistory } from './history.ts';
import { inlineSums, ledger, projections, sums, till } from './ledger.ts';
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
  controls: [
    {
      name: 'wait',
      change: 'a copy may serve before it has caught up',
      mustFind: 'query',
    },
  ],
  start: async (ground) => {
    const { connectionString, options } = ground;
    const start = () =>
      createApp({ aggregates: [ledger, till], projections, database: { url: connectionString } });
    await (await start()).close();
    const history = options.history ?? Math.ceil(options.seconds * EVENTS_PER_SECOND);
    await writeHistory(connectionString, history);
    const app = await start();
    await app.projections.whenCaughtUp(sums);
    // Its rows are written by appends, and the history was not appended.
    await app.projections.rebuild(inlineSums);
    await app.close();
    // From now on no crash takes back what the projections have applied of the history.
    await withClient(connectionString, (client) => client.query('checkpoint'));
    if (options.control !== undefined) await switchUnfinished(connectionString);
    return await RebuildTrial.start(ground, history);
  },
};
