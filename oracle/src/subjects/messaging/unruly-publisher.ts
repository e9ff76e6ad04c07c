import type { Publisher, Transport } from '@leftfold/messaging';
import type { Random } from '../../random.ts';
import type { CrashPoints, relayCrashes } from './crash-points.ts';

export interface UnrulyPublisherOptions {
  readonly crashes: CrashPoints<(typeof relayCrashes)[number]>;
  readonly random: Random;
  /** Whether messages are published more often than they must be. */
  readonly isUnruly: () => boolean;
  /** The control: says that the broker has messages before they are sent. */
  readonly confirmsFirst: boolean;
}

const REPEATED = 0.05;

/** A transport whose publisher repeats some messages, and whose process is killed around its publishes. */
export function withUnrulyPublisher(transport: Transport, options: UnrulyPublisherOptions): Transport {
  return {
    name: transport.name,
    openReceiver: (receiver) => transport.openReceiver(receiver),
    openPublisher: async () => {
      const publisher = await transport.openPublisher();
      const publish = toUnruly(publisher, options);
      return {
        publish: options.confirmsFirst ? confirmedFirst(publish) : publish,
        check: (signal) => publisher.check(signal),
        close: () => publisher.close(),
      };
    },
  };
}

function toUnruly(
  publisher: Publisher,
  { crashes, random, isUnruly }: UnrulyPublisherOptions,
): Publisher['publish'] {
  return async (messages, signal, onSent) => {
    crashes.pass('before the publish');
    const publishing = publisher.publish(messages, signal, onSent);
    crashes.passDuring('after the publish, before it is confirmed', publishing);
    const outcomes = await publishing;
    crashes.pass('after the confirmation, before the checkpoint');
    if (isUnruly() && random.chance(REPEATED)) await publisher.publish(messages, signal);
    return outcomes;
  };
}

/** The checkpoint then moves before the publish. What cannot be published is given up. */
function confirmedFirst(publish: Publisher['publish']): Publisher['publish'] {
  let last = Promise.resolve();
  return async (messages, signal) => {
    const before = last;
    const publishing = async () => {
      await before;
      await publish(messages, signal).catch(() => {});
    };
    last = publishing();
    return messages.map(() => undefined);
  };
}
