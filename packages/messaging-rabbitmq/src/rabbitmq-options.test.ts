import { expect, test } from 'vitest';
import { rabbitmqSettings } from './rabbitmq-options.ts';

const settings = (parameters: string) =>
  rabbitmqSettings({ url: `amqp://me:hidden@127.0.0.1${parameters}`, exchange: 'orders' });

test.each([
  '?heartbeat=0',
  '?heartbeat=x',
  '?heartbeat=-5',
  '?heartbeat=10&heartbeat=',
  '?frameMax=1',
  '?channelMax=1',
])('a URL whose parameters the connection could not work with is refused: %s', (parameters) => {
  expect(() => settings(parameters)).toThrow(
    /^url has a (heartbeat|frameMax|channelMax) that is no whole number/,
  );
});

test('a heartbeat is added unless the URL has one', () => {
  expect(settings('').url).toContain('?heartbeat=10');
  expect(settings('/shop?heartbeat=1').url).toMatch(/heartbeat=1$/);
});
