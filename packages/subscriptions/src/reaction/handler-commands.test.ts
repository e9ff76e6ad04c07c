import { expect, test } from 'vitest';
import { HandlerCommands } from './handler-commands.ts';

test('a command after the handler has returned is refused', async () => {
  let executed = 0;
  const commands = new HandlerCommands({
    key: () => 'key',
    signal: new AbortController().signal,
    execute: async () => {
      executed += 1;
      return {} as never;
    },
  });
  const command = { aggregate: 'account', id: 'a', name: 'open', input: {} } as never;
  await commands.execute(command);
  await commands.settle('reaction "welcome"');
  await expect(commands.execute(command)).rejects.toThrow('after the handler had returned');
  expect(executed).toBe(1);
});
