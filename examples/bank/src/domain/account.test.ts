import { given, inStream } from '@leftfold/testing';
import { test } from 'vitest';
import { account, accountEvents } from './account.ts';
import { transfer } from './transfer.ts';

const { opened, deposited } = accountEvents.create;
const rich = [opened({ owner: 'Ada' }), deposited({ cents: 500 })];

test('an account can be opened only once', () => {
  given(account, [opened({ owner: 'Ada' })])
    .when(account.command.open('ada', { owner: 'Ada' }))
    .thenRejected('account-already-open');
});

test('a withdrawal of more than the balance is rejected', () => {
  given(account, rich)
    .when(account.command.withdraw('ada', { cents: 501 }))
    .thenRejected('insufficient-funds');
});

test('a transfer is recorded in both accounts', () => {
  const [ada, alan] = [account.streamId('ada'), account.streamId('alan')];
  given(transfer, [inStream(ada, ...rich), inStream(alan, opened({ owner: 'Alan' }))])
    .when(transfer.command({ from: 'ada', to: 'alan', cents: 500 }))
    .then([
      inStream(ada, accountEvents.create['transfer-sent']({ cents: 500, to: 'alan' })),
      inStream(alan, accountEvents.create['transfer-received']({ cents: 500, from: 'ada' })),
    ]);
});
