import type { JetStreamConnection } from './jetstream-connection.ts';

/** Removes the oldest messages that all consumers have acknowledged, and keeps as many as the settings say. */
export async function trimStream({ manager, settings }: JetStreamConnection): Promise<void> {
  const { stream, keep } = settings;
  const { state } = await manager.streams.info(stream);
  let first = state.last_seq + 1 - keep;
  for await (const { ack_floor, num_pending, num_ack_pending } of manager.consumers.list(stream))
    if (num_pending + num_ack_pending > 0) first = Math.min(first, ack_floor.stream_seq + 1);
  if (first > state.first_seq) await manager.streams.purge(stream, { seq: first });
}
