export { attendance, courseEvents, load, seats } from './course.ts';
export { plan, subscribe } from './subscribe.ts';
