export { postgresQueue } from './postgres-queue.ts';
export type { PostgresQueueOptions } from './queue-options.ts';
