export { createBarrier } from './barrier.ts';
export { countQueries, untilQueried } from './queries.ts';
