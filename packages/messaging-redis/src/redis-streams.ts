import type { Transport } from '@leftfold/messaging';
import { openStream } from './open-stream.ts';
import { type RedisStreamsOptions, streamSettings } from './stream-options.ts';
import { StreamPublisher } from './stream-publisher.ts';
import { StreamReceiver } from './stream-receiver.ts';

/**
 * A transport on streams of a Redis server, version 7 or newer. Each consumer gets each message, in the order of its key. A
 * message of a relay that is published again is stored once, without a time window.
 *
 * What is published is as durable as the server makes it: see its setting `appendfsync`, and `app.relays.rewind`.
 *
 * @throws InvalidArgumentError, InvalidNameError when an option is none, or is missing.
 *
 * @example
 * ```ts
 * const transport = redisStreams({ url: 'redis://localhost', stream: 'orders', consumers: ['billing'] });
 * ```
 */
export function redisStreams(options: RedisStreamsOptions): Transport {
  const settings = streamSettings(options);
  return {
    name: settings.name,
    openPublisher: async () => new StreamPublisher(await openStream(settings, settings.consumers)),
    openReceiver: async (receiver) => {
      const stream = await openStream(settings, [...settings.consumers, receiver.consumer]);
      return StreamReceiver.start(stream, receiver);
    },
  };
}
