import { type ConsumerDefinitionOptions, defineConsumer } from '@leftfold/messaging';
import { postgresQueue } from '@leftfold/messaging-postgres';
import { account } from '@leftfold/testbed/bank';
import { z } from 'zod';
import { defineEvents } from '../src/index.ts';

/** What a branch of the bank publishes. */
export const openings = defineEvents('openings', {
  opened: z.object({ of: z.string(), owner: z.string() }),
});

/** The queue of a branch. */
export interface OpeningsQueue {
  readonly url: string;
  readonly queue: string;
}

/** The commands of a message at the head office. */
export const bonus = ({ data }: { readonly data: { readonly of: string; readonly owner: string } }) => [
  account.command.open(data.of, { owner: data.owner }),
  account.command.deposit(data.of, { cents: 500 }),
];

/** A consumer of a branch's messages. */
export function headOffice(
  { url, queue }: OpeningsQueue,
  options: Partial<ConsumerDefinitionOptions<[typeof openings]>>,
) {
  return defineConsumer({
    name: 'head-office',
    transport: postgresQueue({ url, queue, invisibleMs: 1_000 }),
    sources: ['/branch/openings'],
    messages: [openings],
    retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2 },
    ...options,
  });
}
