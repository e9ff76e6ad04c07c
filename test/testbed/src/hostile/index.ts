export { hostileValues, withThrowingGetter } from './hostile-values.ts';
