import { CronExpressionParser } from 'cron-parser';
import { Cron as Croner } from 'croner';
import { compileCron } from '../src/schedule/cron.ts';
import { type Row, sideBySide } from './measure.ts';
import { printTable, shown } from './table.ts';

const FROM_AT = Date.UTC(2026, 0, 1);
/** Each expression is asked for so many next instants in a row, as a job does in its life. */
const IN_A_ROW = 20;
/** Expressions of many kinds, in zones with and without changes of the clock. */
const EXPRESSIONS = [
  '*/5 * * * *',
  '0 2 * * *',
  '30 3 * * 1-5',
  '15,45 8-18 * * *',
  '0 0 1 * *',
  '7 4 * * 0',
  '0 12 29 2 *',
];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'America/St_Johns'];
const SCHEDULES = EXPRESSIONS.flatMap((expression) => ZONES.map((zone) => ({ expression, zone })));

type NextAfter = (at: number) => number;

function rowOf(name: string, compile: (expression: string, zone: string) => NextAfter): Row {
  const nexts = SCHEDULES.map(({ expression, zone }) => compile(expression, zone));
  return {
    name,
    run(count) {
      for (let done = 0; done < count;) {
        for (const next of nexts) {
          let at = FROM_AT;
          for (let step = 0; step < IN_A_ROW; step += 1) at = next(at);
          done += IN_A_ROW;
        }
      }
    },
  };
}

function byCronParser(expression: string, tz: string): NextAfter {
  return (at) => CronExpressionParser.parse(expression, { currentDate: at, tz }).next().getTime();
}

function byCroner(expression: string, timezone: string): NextAfter {
  const cron = new Croner(expression, { timezone, paused: true });
  return (at) => cron.nextRun(new Date(at))?.getTime() ?? at;
}

/** Measures how many next instants a second are found, over mixed expressions and zones. */
export async function benchSlots(): Promise<void> {
  const rows = [
    rowOf('Cronflow', (expression, zone) => {
      const cron = compileCron(expression, zone);
      return (at) => cron.next(at) ?? at;
    }),
    rowOf('croner', byCroner),
    rowOf('cron-parser', byCronParser),
  ];
  const measured = await sideBySide(rows, { rounds: 3, count: SCHEDULES.length * IN_A_ROW });
  printTable(
    'Next instants of mixed expressions in five zones',
    ['', 'a second', 'ratio'],
    measured.map(({ name, us, ratio }) => [name, shown(1e6 / us), (1 / ratio).toFixed(2)]),
  );
}
