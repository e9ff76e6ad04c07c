export { redisStreams } from './redis-streams.ts';
export type { RedisStreamsOptions } from './stream-options.ts';
