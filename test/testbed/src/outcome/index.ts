export { collect } from './collect.ts';
export { failureOf } from './failure-of.ts';
