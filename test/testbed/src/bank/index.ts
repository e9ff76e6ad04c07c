export { account, accountEvents, accountWith, closed, deposited, opened, withdrawn } from './account.ts';
export { auditEvents } from './audit.ts';
export { balances, journal, movements, openBalances } from './balances.ts';
export { openFor, transfer } from './transfer.ts';
