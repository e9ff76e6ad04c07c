import type { Delivery, Transport } from '@leftfold/messaging';
import type { Journal } from '../../journal.ts';
import type { Random } from '../../random.ts';
import type { consumerCrashes, CrashPoints } from './crash-points.ts';

export interface UnrulyReceiverOptions {
  readonly crashes: CrashPoints<(typeof consumerCrashes)[number]>;
  readonly random: Random;
  /** Gets a line for each delivery of the transport, and for each one that is repeated or held back here. */
  readonly journal: Journal;
  /** Whether deliveries are repeated and held back. */
  readonly isUnruly: () => boolean;
}

const REPEATED = 0.03;
const HELD_BACK = 0.03;
const LONGEST_MS = 100;

/** A transport whose receiver repeats some messages and holds others back, and whose process is killed around them. */
export function withUnrulyReceiver(
  transport: Transport,
  { crashes, random, journal, isUnruly }: UnrulyReceiverOptions,
): Transport {
  return {
    name: transport.name,
    openPublisher: () => transport.openPublisher(),
    openReceiver: async ({ onDelivery, onLost, ...receiver }) => {
      let isOpen = true;
      const deliverLater = (word: string, delivery: Delivery) => {
        journal.write(word);
        setTimeout(() => isOpen && onDelivery(delivery), random.between(1, LONGEST_MS));
      };
      const opened = await transport.openReceiver({
        ...receiver,
        onDelivery: (delivered) => {
          const { attributes, body, contentType, redelivered } = delivered;
          journal.write('delivered');
          crashes.pass('before the transaction');
          const content = { attributes, body, contentType };
          if (isUnruly() && random.chance(REPEATED)) {
            const again = { ...content, redelivered: random.chance(0.5), acknowledge: () => {} };
            deliverLater('repeated', again);
          }
          const delivery: Delivery = {
            ...content,
            redelivered,
            acknowledge: () => {
              crashes.pass('after the commit, before the acknowledgement');
              delivered.acknowledge();
            },
          };
          if (isUnruly() && random.chance(HELD_BACK)) deliverLater('held-back', delivery);
          else onDelivery(delivery);
        },
        onLost: (error) => {
          isOpen = false;
          onLost(error);
        },
      });
      return {
        close: () => {
          isOpen = false;
          return opened.close();
        },
      };
    },
  };
}
