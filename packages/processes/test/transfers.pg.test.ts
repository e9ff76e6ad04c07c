import { describe, expect } from 'vitest';
import { account } from './transfers.ts';
import { transfer } from './transfers.ts';
import { make, test } from './process-test.ts';

describe('a process', () => {
  test('does what follows from an event, step by step, and ends', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('t-1'));
    expect(await runner.whenEnded(transfer, 't-1')).toMatchObject({
      status: 'completed',
      version: 1,
      summary: '300 cents from a to b',
      failure: undefined,
      streamVersion: 4,
    });
    expect([await bank.balance('a'), await bank.balance('b')]).toEqual([700, 300]);
    expect(await bank.stream('transfer-t-1')).toEqual([
      'transfer.started',
      'transfer.received request.made',
      'transfer.received account.withdrawn',
      'transfer.received account.deposited',
      'transfer.settled',
    ]);
  });

  test('compensates when a command is rejected', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    await bank.execute(account.command.close('b', {}));
    await bank.execute(make('t-1'));
    expect(await runner.whenEnded(transfer, 't-1')).toMatchObject({
      status: 'failed',
      failure: 'account-closed',
    });
    expect([await bank.balance('a'), await bank.balance('b')]).toEqual([1_000, 0]);
  });
});
