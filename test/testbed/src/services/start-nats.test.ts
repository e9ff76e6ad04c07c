import { findProgram } from '@leftfold/testbed/faults';
import { startNats } from '@leftfold/testbed/services';
import { describe, expect, test } from 'vitest';

const program = findProgram('nats-server');

describe.skipIf(program === undefined)('servers of NATS', () => {
  test('one is alone, and comes again after it was killed', async () => {
    await using nats = await startNats(program!);
    const [node] = nats.nodes;
    await node!.kill();
    expect(node!.isRunning).toBe(false);
    await node!.start();
    await nats.whenReady();
    expect(nats.servers).toEqual([node!.url]);
  });
});
