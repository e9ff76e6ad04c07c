import { connect } from 'node:net';
import { findProgram } from '@leftfold/testbed/faults';
import { startRedis } from '@leftfold/testbed/services';
import { expect, test } from 'vitest';

const program = findProgram('redis-server');

function ask(url: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.on('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().trim());
    });
  });
}

test.skipIf(program === undefined)('a Redis server that is killed has what it answered for', async () => {
  await using server = await startRedis(program!);
  expect(await ask(server.url, 'SET a 1')).toBe('+OK');
  await server.kill();
  await expect(ask(server.url, 'PING')).rejects.toThrow(/ECONNREFUSED/);
  await server.start();
  expect(await ask(server.url, 'EXISTS a')).toBe(':1');
});
