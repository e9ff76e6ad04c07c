export { account, accountEvents, accountWith, closed, deposited, opened, withdrawn } from './account.ts';
export { balances, movements, openBalances } from './balances.ts';
export { openFor, transfer } from './transfer.ts';
