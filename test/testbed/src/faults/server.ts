import type { EmbeddedPostgres } from '@leftfold/embedded';

/**
 * Crashes the server and starts it again: every process of it ends at once, and it recovers from its log. Commits
 * that were acknowledged are there, with the default `synchronous_commit`.
 */
export function crashServer(server: EmbeddedPostgres): Promise<void> {
  return server.restart({ mode: 'immediate' });
}

/** Shuts the server down in order and starts it again: all connections break, nothing has to be recovered. */
export function restartServer(server: EmbeddedPostgres): Promise<void> {
  return server.restart({ mode: 'fast' });
}
