import { createApp } from 'leftfold';
import { withClient } from '../../faults/every-subject.ts';
import type { Subject } from '../../subject.ts';
import { EFFECTS_TABLE } from './effects.ts';
import { definitionsOf, firstRelease } from './release.ts';
import { SubscriptionsTrial } from './subscriptions-trial.ts';
import { removeFence } from './without-fence.ts';

/** Projections and reactions of an app that several processes run. */
export const subscriptions: Subject = {
  name: 'subscriptions',
  description:
    'Processes of one app execute commands and run its projections and reactions, while releases are deployed; read models, effects and commands of reactions are compared with a replay of the log',
  holds:
    'Every read model is the replay of the log; every effect happened, in the order of its key; every command of a reaction was executed once.',
  processes: 4,
  controls: [
    {
      name: 'fence',
      change: 'a process that has lost a lease can move the checkpoint, wherever it is',
      mustFind: 'row',
    },
  ],
  start: async (ground) => {
    const { connectionString, options } = ground;
    const definitions = definitionsOf(firstRelease, { effect: () => Promise.resolve(), midBatch: () => {} });
    const app = await createApp({
      ...definitions,
      database: { url: connectionString },
      subscriptions: { run: false },
    });
    await app.close();
    await withClient(connectionString, (client) => client.query(EFFECTS_TABLE));
    if (options.control !== undefined) await removeFence(connectionString);
    return new SubscriptionsTrial(ground);
  },
};
