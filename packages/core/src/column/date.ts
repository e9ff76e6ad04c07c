import { expectString, plainType, type SqlType } from './sql-type.ts';

const pattern = /^(\d{4}|[1-9]\d{4,5})-(\d\d)-(\d\d)( BC)?$/;
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** The last year that Postgres can convert to a timestamp, which `to_char` takes. */
const LAST_YEAR = 294_276;
const FIRST_DATE = { year: -4_713, rest: '11-24' };

/** Days as `YYYY-MM-DD`: with more digits after the year 9999, and followed by ` BC` before the year 1. */
export const date: SqlType<string> = {
  ...plainType,
  name: 'date',
  formatted: 'date',
  isQuoted: true,
  encode,
  encodeKey: encode,
  decode: (stored) => (stored.endsWith(' AD') ? stored.slice(0, -' AD'.length) : stored),
  // Does not depend on the date style of the session.
  select: (column) => `to_char(${column}::timestamp, 'YYYY-MM-DD BC')`,
};

function encode(value: unknown): string {
  const given = expectString(value);
  const parts = pattern.exec(given);
  if (parts === null) throw new TypeError('expected a date as YYYY-MM-DD');
  const [, years = '', months = '', days = '', era] = parts;
  // 1 BC is the year 0.
  const year = era === undefined ? Number(years) : 1 - Number(years);
  const month = Number(months);
  const day = Number(days);
  const isDay = Number(years) > 0 && day >= 1 && day <= lastDay(year, month);
  if (!isDay || year > LAST_YEAR || isBeforeFirst(year, `${months}-${days}`))
    throw new TypeError('expected a day that there is, from 24 November 4714 BC to the year 294276');
  return given;
}

function lastDay(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (daysOfMonth[month - 1] ?? 0) + (month === 2 && isLeapYear ? 1 : 0);
}

function isBeforeFirst(year: number, rest: string): boolean {
  return year < FIRST_DATE.year || (year === FIRST_DATE.year && rest < FIRST_DATE.rest);
}
