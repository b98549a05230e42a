import { baseName } from './calls.ts';
import type { CrontabLine } from './lines.ts';

/**
 * Matches a line of an anacrontab: a period in days or a macro, a delay in minutes, the name of a job, and a command.
 */
const ANACRON = /^\s*(?:\d+|@(?:daily|weekly|monthly|yearly|annually))\s+\d+\s+[A-Za-z_][\w.:/-]*\s+\S/;
/** Matches lines of fcron that no crontab has: `@ 30 cmd`, `&nice(5) 0 2 * * *`, `%daily * 4 cmd`, `!mail(no)`. */
const FCRON =
  /^\s*(?:@(?:\w+\([^)]*\),?)*\s+\d|[&%]\w*[(\s,*\d]|%(?:hourly|mid\w+|nightly|daily|weekly|monthly)\b|!\w+[(,])/;

/**
 * Says what a text is that is no crontab, and what to do instead, in one sentence; undefined where it is a crontab.
 * Otherwise its lines would be misread one by one.
 * @param name the name of the file; `-` where there is none
 */
export function foreignFormat(
  name: string,
  crontab: string,
  lines: readonly CrontabLine[],
): string | undefined {
  const texts = lines.filter(({ kind }) => kind === 'entry' || kind === 'broken').map(({ text }) => text);
  const brokenCount = lines.filter(({ kind }) => kind === 'broken').length;
  const isMostlyBroken = brokenCount * 2 > texts.length;
  if (texts.length > 0 && (baseName(name) === 'anacrontab' || texts.every((text) => ANACRON.test(text)))) {
    return (
      'is an anacrontab, whose lines say a period in days, a delay and a name; declare each of its jobs with ' +
      '"every: 1d" (its period) and a grace of its delay and a day, and put the wrapper before its command by hand'
    );
  }
  if (/^\s*(?:apiVersion|kind):/m.test(crontab) && isMostlyBroken) {
    return 'is YAML of Kubernetes; declare a job with the schedule of each CronJob, and let its container call the wrapper';
  }
  if (/^\s*(?:pipeline|node|properties)\b.*[{(]/m.test(crontab) && isMostlyBroken) {
    return 'is a Jenkinsfile; declare a job with the schedule of its trigger, and let its steps ping Cronflow';
  }
  if (/^\[(?:Unit|Timer|Service)\]/m.test(crontab)) {
    return 'is a unit of systemd; declare a job with the times of its timer, and let its ExecStart call the wrapper';
  }
  if (
    texts.some((text) => FCRON.test(text)) &&
    !texts.some((text) => /^\s*@\w+\s/.test(text) && !FCRON.test(text))
  ) {
    return 'is a table of fcron, whose lines mean other times than those of cron; declare its jobs by hand';
  }
  if (/^#!\s*\S*\/(?:env\s+)?\S+/.test(crontab) && isMostlyBroken) {
    return 'is a script and no crontab; its job is declared where something starts it: import that crontab';
  }
  return undefined;
}
