export { createBarrier } from './barrier.ts';
export { Gate } from './gate.ts';
export { countQueries, untilQueried } from './queries.ts';
