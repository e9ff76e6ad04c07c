import { connect } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { readHeaders } from '../src/message-headers.ts';

/** Uses a connection of its own. */
export async function withManager<TResult>(
  servers: string | readonly string[],
  use: (manager: JetStreamManager) => Promise<TResult>,
): Promise<TResult> {
  const client = await connect({ servers: [servers].flat() });
  try {
    return await use(await jetstreamManager(client));
  } finally {
    await client.close();
  }
}

export async function removeStream(servers: string, stream: string): Promise<void> {
  await withManager(servers, async (manager) => {
    for await (const { config } of manager.streams.list())
      if (config.name === stream) await manager.streams.delete(stream);
  });
}

/** What a stream has of messages, in its order. */
export function readStream(servers: string | readonly string[], stream: string) {
  return withManager(servers, async (manager) => {
    const { state } = await manager.streams.info(stream);
    const stored: ReturnType<typeof readHeaders>[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message !== null) stored.push(readHeaders(message.header));
    }
    return stored;
  });
}
