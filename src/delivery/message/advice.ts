import type { DeliveryFacts } from '../../core/model/records.ts';

/** Says where to look first. Returns null for trouble that shows this itself, such as a failure with its output. */
export function adviceFor(facts: DeliveryFacts): string | null {
  if (facts.job_name !== null && facts.advice !== undefined) return facts.advice;
  switch (facts.reason) {
    case 'missed':
      return 'see whether the host is up, cron runs there and the crontab still has the job';
    case 'never_seen':
      return 'see whether the command is wrapped, under this very name, and its host reaches Cronflow';
    case 'timeout':
      return 'it may still be running: look at the process on its host';
    case 'abandoned':
      return 'it was killed or its host restarted, or the report of its end was lost: see what it has done';
    case 'too_many_runs':
      return 'its runs hang, or take longer than the time between them: look at the processes on its host';
    case 'unreadable_report':
      return 'send exit_code as a whole number, such as 0 or 3; see what the run has done';
    case 'stuck_lock':
      return 'find the process that holds the lock, or the lock file that was left behind';
    case 'overlap':
      return 'the earlier run hangs or takes longer than usual: look at it first';
    case 'config_invalid':
      return 'mend the file; it is read again when it is saved';
    case 'config_held':
      return 'restore the file if the jobs are to stay';
    case 'cronflow_away':
      // Lines after the first name the jobs that could not be seen.
      return facts.detail?.includes('\n') === true ? 'see whether the jobs it could not see have run' : null;
    case 'store_failing':
      return 'see whether the disk is full or the database is gone; it goes on by itself once it can write';
    case 'notifier_failing':
      return 'see whether its address or token still holds; once it works, it is told again of what is still open';
    default:
      return null;
  }
}
