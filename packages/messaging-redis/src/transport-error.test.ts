import { describe, expect, test } from 'vitest';
import { transportError } from './transport-error.ts';

/** As the client throws it: with the command and its arguments. */
const reply = (message: string) =>
  Object.assign(new Error(message), { name: 'ReplyError', command: { name: 'auth', args: ['secret'] } });

describe('the error of a transport', () => {
  test.each([
    ['ERR max number of clients reached', 'TRANSPORT_UNAVAILABLE'],
    ['LOADING Redis is loading the dataset in memory', 'TRANSPORT_UNAVAILABLE'],
    ['MISCONF Errors writing to the AOF file', 'TRANSPORT_UNAVAILABLE'],
    ['BUSY Redis is busy running a script', 'TRANSPORT_UNAVAILABLE'],
    ['ERR The stream has exhausted the last possible ID', 'TRANSPORT_REFUSED'],
    ['DENIED Redis is running in protected mode', 'TRANSPORT_REFUSED'],
  ])('%s', (message, code) => {
    const error = transportError('redis stream "a"', reply(message));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.cause).toBeUndefined();
  });

  test('has nothing of what was sent', () => {
    const unknown = reply("ERR unknown command 'evalsha', with args beginning with: 'secret' ");
    const script = reply(`WRONGTYPE Operation against a key script: ${'a'.repeat(40)}, on @user_script:3.`);
    for (const thrown of [unknown, script]) {
      const error = transportError('redis stream "a"', thrown);
      expect(error.code).toBe('TRANSPORT_REFUSED');
      expect(JSON.stringify([error, error.message])).not.toMatch(/secret|user_script/);
    }
  });

  test('of another service says what to look at', () => {
    const error = transportError(
      'redis stream "a"',
      new Error('Unknown RESP type 65 "A". Please report this.'),
    );
    expect(error).toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      message: expect.stringContaining('look at the host and the port of `url`'),
    });
    expect(error.message).not.toContain('Please report');
  });

  test('of several addresses that cannot be reached is that of the first', () => {
    const several = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')]);
    expect(transportError('redis stream "a"', several).message).toContain('connect ECONNREFUSED ::1:1');
  });
});
