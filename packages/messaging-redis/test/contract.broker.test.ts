import { transportContract } from '@leftfold/messaging/contract';
import { serviceUrl } from '@leftfold/testbed/services';
import { describe, test } from 'vitest';
import { redisStreams } from '../src/index.ts';
import { LARGEST_BODY } from '../src/stream-publisher.ts';
import { removeStream } from './remove-stream.ts';

const url = serviceUrl('REDIS_URL');

describe.skipIf(url === undefined)('Redis streams', () => {
  transportContract({
    test,
    createTransport: ({ topic, consumers }) => redisStreams({ url: url!, stream: topic, consumers }),
    unreachable: () => redisStreams({ url: 'redis://me:secret@127.0.0.1:1', stream: 'none' }),
    largestBody: LARGEST_BODY,
    removeTopic: (topic) => removeStream(url!, topic),
  });
});
