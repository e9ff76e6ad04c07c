export { createBarrier } from './barrier.ts';
