// A process of its own that is killed after the commands of a message, and before its inbox is committed.
import { account } from '@leftfold/testbed/bank';
import { createApp } from '../src/index.ts';
import { bonus, headOffice } from './openings.ts';

const { WORKER_DATABASE: database = '', QUEUE_DATABASE: url = '', QUEUE: queue = '' } = process.env;
const consumer = headOffice(
  { url, queue },
  {
    on: {
      'openings.opened': async (message, { execute }) => {
        for (const command of bonus(message)) await execute(command);
        process.kill(process.pid, 'SIGKILL');
      },
    },
  },
);
await createApp({ aggregates: [account], consumers: [consumer], database: { url: database } });
