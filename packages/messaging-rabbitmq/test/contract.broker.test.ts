import { transportContract } from '@leftfold/messaging/contract';
import { serviceUrl } from '@leftfold/testbed/services';
import { describe, test } from 'vitest';
import { rabbitmq } from '../src/index.ts';
import { removeExchange } from './broker.ts';

const url = serviceUrl('RABBITMQ_URL');

describe.skipIf(url === undefined)('RabbitMQ', () => {
  transportContract({
    test,
    createTransport: ({ topic, consumers }) => rabbitmq({ url: url!, exchange: topic, consumers }),
    unreachable: () => rabbitmq({ url: 'amqp://me:secret@127.0.0.1:1', exchange: 'none' }),
    largestBody: 16 * 2 ** 20,
    removeTopic: (topic) => removeExchange(url!, topic),
  });
});
