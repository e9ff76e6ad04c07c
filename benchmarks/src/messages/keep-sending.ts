import type { OutgoingMessage } from '@leftfold/messaging';
import { IN_FLIGHT } from './language.ts';

/**
 * Sends all messages in their order, with a number of them on their way at one time.
 *
 * @param send resolves when a message is confirmed
 * @returns messages per second
 */
export async function keepSending(
  messages: readonly OutgoingMessage[],
  send: (message: OutgoingMessage) => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  let next = 0;
  const sender = async () => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++])
      await send(message);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  return (messages.length / (performance.now() - started)) * 1_000;
}
