import { useEffect } from 'preact/hooks';
import type { Job } from '../../cli/api-types.ts';
import { DueJobs } from '../model/due.ts';
import { tellChanges } from './connection.ts';

const LOOK_MS = 2_000;

/** Looks again at jobs whose slot comes while a screen shows them, so that it says of those that do not start. */
export function useDue(jobsNow: () => Iterable<Job>): void {
  useEffect(() => {
    const due = new DueJobs();
    const timer = setInterval(() => {
      const found = due.take(jobsNow(), Date.now());
      if (found.length > 0) tellChanges(found.map(({ id, name }) => ({ type: 'job', id, job: name })));
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
}
