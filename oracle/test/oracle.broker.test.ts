import { findProgram } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { runOracle } from './run-oracle.ts';

/** Servers of their own, whatever brokers the environment names. */
describe.for([
  ['rabbitmq', 'rabbitmq-server'],
  ['jetstream', 'nats-server'],
  ['redis', 'redis-server'],
] as const)('relays and consumers by %s under faults', { timeout: 300_000 }, ([transport, program]) => {
  test.skipIf(findProgram(program) === undefined)(
    'have one effect for each event, in the order of each key',
    async () => {
      guarantee('relays-at-least-once', 'relays-in-order', 'relays-wait-for-the-broker');
      guarantee('messages-once', 'messages-in-order', 'messages-never-lost');
      const short = ['--transport', transport, '--minutes', '0.1', '--seed', '3'];
      const { code, output } = await runOracle('messaging', ...short);
      expect(output).toContain('Every event had its effect, once, in the order of its key');
      expect(code, output).toBe(0);
    },
  );
});
