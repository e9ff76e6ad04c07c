export { collect } from './collect.ts';
export { failureOf } from './failure-of.ts';
export { tokenAt } from './token-at.ts';
