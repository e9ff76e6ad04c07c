import { describe, expect, test } from 'vitest';
import { parseOptions, usageOf } from './options.ts';
import { subjects } from './subjects/index.ts';

const parse = (...args: readonly string[]) => parseOptions(args, subjects);

describe('the command line', () => {
  test('names a subject, the log by default, for a minute', () => {
    expect(parse()).toMatchObject({
      seconds: 60,
      processes: 3,
      control: undefined,
      subject: { name: 'log' },
    });
    expect(parse('log').subject).toBe(subjects[0]);
  });

  test('takes a time, a seed, a number of processes and the control, in any order', () => {
    const control = subjects[0]!.controls[0];
    const options = { seconds: 30, seed: 7, processes: 1, control };
    expect(parse('--minutes', '0.5', 'log', '--seed', '7', '--control', '--processes', '0')).toMatchObject(
      options,
    );
    expect(parse('--control', 'log')).toMatchObject({ control, subject: { name: 'log' } });
  });

  test('names one of several controls, and what carries messages', () => {
    expect(parse('messaging')).toMatchObject({ control: undefined, transport: 'postgres' });
    expect(parse('messaging', '--control').control?.name).toBe('inbox');
    expect(parse('--control', 'checkpoint', 'messaging').control?.name).toBe('checkpoint');
    expect(parse('messaging', '--transport', 'postgres').transport).toBe('postgres');
    expect(parse('log').transport).toBeUndefined();
  });

  test('takes a number of pairs, and then an hour as the longest time', () => {
    expect(parse('reads', '--pairs', '1000')).toMatchObject({ pairs: 1_000, seconds: 3_600 });
    expect(parse('reads', '--pairs', '1000', '--minutes', '2')).toMatchObject({ pairs: 1_000, seconds: 120 });
    expect(parse('reads').pairs).toBeUndefined();
  });

  test.each([
    [
      'a number of pairs for a subject that makes none',
      ['log', '--pairs', '5'],
      '--pairs is for reads; give log a time with --minutes',
    ],
    [
      'a history for a subject that begins with an empty log',
      ['log', '--history', '5'],
      '--history is for rebuild; log begins with an empty log',
    ],
    [
      'a control that the subject has not',
      ['messaging', '--control', 'locks'],
      '--control of messaging is one of: inbox, checkpoint; not "locks"',
    ],
    [
      'a transport that there is not',
      ['messaging', '--transport', 'pigeons'],
      /^--transport is one of: postgres.*; not "pigeons"$/,
    ],
    [
      'a transport for a subject without messages',
      ['log', '--transport', 'postgres'],
      '--transport is for messaging; log carries no messages',
    ],
    [
      'an unknown subject',
      ['snapshots'],
      'name one subject of: log, subscriptions, rebuild, reads, decisions, messaging, processes; not "snapshots"',
    ],
    [
      'several subjects',
      ['log', 'log'],
      'name one subject of: log, subscriptions, rebuild, reads, decisions, messaging, processes; not "log log"',
    ],
    [
      'a time that is no number',
      ['--minutes', 'x'],
      '--minutes must be a number that is not negative, not "x"',
    ],
    ['a negative seed', ['--seed=-1'], '--seed must be a number that is not negative, not "-1"'],
    ['an unknown option', ['--without-settling'], "Unknown option '--without-settling'"],
  ])('refuses %s', (_, args, message) => {
    expect(() => parse(...args)).toThrow(TypeError);
    expect(() => parse(...args)).toThrow(message);
  });

  test('is explained with every subject and its control', () => {
    for (const { name, controls } of subjects) {
      expect(usageOf(subjects)).toMatch(new RegExp(`^ {2}${name} `, 'm'));
      for (const control of controls)
        expect(usageOf(subjects)).toContain(`--control ${control.name}: ${control.change}`);
    }
  });
});
