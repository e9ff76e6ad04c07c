import type { Writable } from 'node:stream';

/**
 * Sends what is written in one turn of the event loop with one write to the network. amqplib writes each message and each
 * acknowledgement by itself, which costs as much as the rest of a small message.
 */
export function gatherWrites(stream: Writable): void {
  // Sound: the arguments are passed on as they are.
  const write = stream.write.bind(stream) as (...given: readonly unknown[]) => boolean;
  let isGathering = false;
  const uncork = () => {
    isGathering = false;
    stream.uncork();
  };
  stream.write = (...given: readonly unknown[]) => {
    if (!isGathering) {
      isGathering = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(...given);
  };
}
