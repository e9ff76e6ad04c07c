import { transportContract } from '@leftfold/messaging/contract';
import { serviceUrl } from '@leftfold/testbed/services';
import { describe, test } from 'vitest';
import { jetstream } from '../src/index.ts';
import { removeStream } from './streams.ts';

const servers = serviceUrl('NATS_URL');

describe.skipIf(servers === undefined)('a stream of NATS', () => {
  transportContract({
    test,
    createTransport: ({ topic, consumers }) => jetstream({ servers: servers!, stream: topic, consumers }),
    unreachable: () => jetstream({ servers: 'nats://me:secret@127.0.0.1:1', stream: 'none' }),
    removeTopic: (topic) => removeStream(servers!, topic),
  });
});
