import { Redis } from 'ioredis';

/** Removes the keys of a stream. */
export async function removeStream(url: string, stream: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `${stream}:*`, count: 1_000 }))
    if ((keys as readonly string[]).length > 0) await redis.unlink(...(keys as readonly string[]));
  redis.disconnect();
}
