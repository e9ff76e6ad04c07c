/** One aggregate that a decision reads, and may add events to. Made by `at` of the aggregate: `account.at('acc-1')`. */
export interface AggregateRead<TAggregate> {
  readonly aggregate: TAggregate;
  readonly id: string;
}
