import type { Fact } from './facts.ts';
import { MOST_COURSES } from './school.ts';

/** What the rules of the school forbid, found by counting through the log, without the folds that decided. */
export function brokenRules(facts: readonly Fact[]): readonly string[] {
  const broken: string[] = [];
  const free = new Map<string, number>();
  const loads = new Map<string, number>();
  const cents = new Map<string, number>();
  const once = new Set<string>();
  let number = 0;
  const add = (counts: Map<string, number>, key: string, amount: number): number => {
    const count = (counts.get(key) ?? 0) + amount;
    counts.set(key, count);
    return count;
  };
  for (const { position, streamId, type, data } of facts) {
    const event = data as unknown as EventData;
    const rule = (holds: boolean, text: string) => {
      if (!holds) broken.push(`position ${position}, ${type}: ${text}`);
    };
    const isNew = (key: string) => !once.has(key) && once.add(key).has(key);
    const seat = `${event.student} in ${event.course}`;
    switch (type) {
      case 'course.planned':
        rule(isNew(`course ${event.course}`), `course ${event.course} is planned twice`);
        add(free, event.course, event.seats);
        break;
      case 'course.extended':
        add(free, event.course, event.seats);
        break;
      case 'course.subscribed':
        rule(isNew(seat), `${seat} twice`);
        rule(add(free, event.course, -1) >= 0, `course ${event.course} has no seat`);
        rule(add(loads, event.student, 1) <= MOST_COURSES, `${event.student} has too many courses`);
        break;
      case 'course.unsubscribed':
        rule(once.delete(seat), `${seat} never was`);
        add(free, event.course, 1);
        add(loads, event.student, -1);
        break;
      case 'user.registered':
        rule(isNew(`user ${event.name}`), `name ${event.name} is registered twice`);
        break;
      case 'invoice.issued':
        rule(event.number === number + 1, `number ${event.number} follows ${number}`);
        number = event.number;
        break;
      case 'account.deposited':
        add(cents, streamId, event.cents);
        break;
      case 'account.withdrawn':
        rule(add(cents, streamId, -event.cents) >= 0, `${streamId} is overdrawn`);
    }
  }
  return broken;
}

/** All that the events of the school have. */
interface EventData {
  readonly course: string;
  readonly student: string;
  readonly seats: number;
  readonly name: string;
  readonly number: number;
  readonly cents: number;
}
