import type { Mutation } from './mutation.ts';

/** Each breaks another promise; `npm run mutations` shows that the simulation notices every one. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'ends of known runs claim slots too',
    promise: '§3.1 only the ping that makes a run known claims a slot',
    file: 'src/core/ping.ts',
    find: 'correct(draft, known.late, ping);\n  endRun(',
    replace: 'correct(draft, known.late, ping);\n  claimSlot(draft, at);\n  endRun(',
  },
  {
    name: 'no run is early enough to claim a slot',
    promise: '§3.1 a little early: a host whose clock is a minute fast causes no alarm',
    file: 'src/core/slots.ts',
    find: 'return Math.min(spec.graceMs, distanceMs / 2, LIMITS.earlyMsMax);',
    replace: 'return Math.min(0, distanceMs);',
  },
  {
    name: 'a rerun takes no missed slot over',
    promise: '§3.1 late: a manual rerun in the morning does what people expect',
    file: 'src/core/claim.ts',
    find: 'return mayBeLate ? takeOver(draft, slotAt) : UNSCHEDULED;',
    replace: 'return mayBeLate && slotAt === -1 ? takeOver(draft, slotAt) : UNSCHEDULED;',
  },
  {
    name: 'a run claims the oldest slot not settled',
    promise: '§3.1 grace longer than the period: the latest slot is claimed, older ones are superseded',
    file: 'src/core/claim.ts',
    find: 'const slotAt = dueSlot(draft, startAt) ?? expectedAt;',
    replace: 'const slotAt = expectedAt;',
  },
  {
    name: 'a job that never reported is not missed',
    promise: '§3.1 never_seen: a job in the file that nobody wrapped is found',
    file: 'src/core/settle.ts',
    find: 'countOutcome(draft, row, at);',
    replace: 'if (draft.job.seen) countOutcome(draft, row, at);',
  },
  {
    name: '`every` is due while a run is open',
    promise: '§3.1 every: nothing is due while a run is open',
    file: 'src/core/due.ts',
    find: "if (draft.spec.schedule?.kind === 'every' && draft.openRuns().some((run) => run.counted)) return null;",
    replace: '',
  },
  {
    name: 'the next start hides a run that hangs',
    promise: '§3.2 each open run has its own limit; past it, timeout',
    file: 'src/core/ping.ts',
    find: 'makeRoom(draft, at);\n  return {',
    replace:
      'makeRoom(draft, at);\n' +
      '  for (const other of draft.openRuns()) if (other.id !== run.id) draft.changeRun(other.id, { limit_at: null });\n' +
      '  return {',
  },
  {
    name: 'an anonymous start leaves the earlier run open',
    promise: '§3.2 without a rid, a start while an anonymous run is open: the earlier one is abandoned',
    file: 'src/core/ping.ts',
    find: 'if (ping.rid === null) giveUpAnonymousRun(draft, at);',
    replace: '',
  },
  {
    name: 'a threshold is reached one outcome late',
    promise: '§3.3 failure_threshold: 3 counts bad outcomes of any kind since the last good one',
    file: 'src/core/incident.ts',
    find: 'draft.job.bad.length >= threshold.any',
    replace: 'draft.job.bad.length > threshold.any',
  },
  {
    name: 'runs that began before the trouble count as recovery',
    promise: '§3.3 recovery counts only runs that started no earlier than the newest bad one',
    file: 'src/core/incident.ts',
    find: 'const counts = began >= incident.newest_bad_at && ',
    replace: 'const counts = ',
  },
  {
    name: 'reminders go on after an acknowledgement',
    promise: '§3.3 acknowledge: no reminders until then',
    file: 'src/core/telling.ts',
    find: 'Math.max(incident.acknowledged_until_at ?? 0, announceAt(draft.spec, [at]) ?? 0)',
    replace: '(announceAt(draft.spec, [at]) ?? 0)',
  },
  {
    name: 'trouble in maintenance is told at once',
    promise: '§3.3 maintenance: incidents open silently; what is still bad is announced after the window',
    file: 'src/core/telling.ts',
    find: 'const heldUntil = announceAt(draft.spec, instants);',
    replace: 'const heldUntil = announceAt(draft.spec, instants.slice(0, 0).concat(0));',
  },
  {
    name: 'a slot that a gap touches is missed',
    promise: '§3.4 a slot that touches a gap ends as unknown instead of missed',
    file: 'src/core/due.ts',
    find: "return { at, outcome: touched ? 'unknown' : 'missed' };",
    replace: "return { at, outcome: touched ? 'missed' : 'missed' };",
  },
  {
    name: 'a short absence that hid a run is not told',
    promise: '§3.4 one outage message; none for a gap under 5 minutes that touched nothing',
    file: 'src/core/outage.ts',
    find: 'if (outage.longest_ms < TOLD_MS_MIN && unseen.length === 0)',
    replace: 'if (outage.longest_ms < TOLD_MS_MIN)',
  },
  {
    name: 'a commit is answered before it is synced',
    promise: '§6 a ping answered 2xx is on disk: append, then fdatasync',
    file: 'src/store/lowdb/journal.ts',
    find: 'await this.#sync();\n    this.#segment = {',
    replace: 'this.#segment = {',
  },
  {
    name: 'whoever was told is told again',
    promise: '§3.3 a notifier is owed one opened delivery; told once',
    file: 'src/core/telling.ts',
    find: '!incident.told.includes(to) && on.some(',
    replace: 'on.some(',
  },
  {
    name: 'the last end of a run wins',
    promise: '§3.2 idempotent: the first end wins, except over a timeout',
    file: 'src/core/ping.ts',
    find: 'if (known.outcome !== null && !wasGivenUp(known)) return',
    replace: "if (known.outcome === 'skipped') return",
  },
];
