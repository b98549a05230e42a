T='test/core/transition/'
A={'slots':(T+'slots.test.ts','§3.1 slots > '),
'runs':(T+'runs.test.ts','§3.2 runs > '),
'lock':(T+'runs.test.ts','§3.2 a lock that is taken > '),
'judge':(T+'runs.test.ts','§3.2 min_runtime and expect.output > '),
'late':(T+'late-reports.test.ts','§3.2 late reports > '),
'overlap':(T+'overlap.test.ts','§3.2 overlap > '),
'thr':(T+'thresholds.test.ts','§3.3 thresholds and recovery > '),
'tell':(T+'telling.test.ts','§3.3 who is told what > '),
'maint':(T+'maintenance.test.ts','§3.3 maintenance > '),
'pause':(T+'pause.test.ts','§3.3 pausing and removing > '),
'spec':(T+'spec-change.test.ts','§3.3 spec changes > '),
'status':(T+'status.test.ts','§3.3 status > is '),
'away':(T+'away.test.ts',''),
'clock':(T+'clock-step.test.ts','§3.4 a clock that steps back > '),
'due':(T+'due-at.test.ts','§3 due_at > '),
'hist':(T+'history.test.ts','§3.5 history > '),
'prop':('test/core/transition.property.test.ts','for any job and any events > '),
'reason':('test/core/transition/reasons.test.ts',''),
'arch':('test/architecture.test.ts','the repository holds its own rules > '),
'sys':('test/core/system.test.ts',''),
'out':('test/core/outage.test.ts',''),
'daily':('test/core/daily.test.ts',''),
'dailyprop':('test/core/daily.property.test.ts',''),
'check':('test/checker/checker.test.ts',''),
'live':('test/ingest/liveness.test.ts',''),
'outages':('test/ingest/outages.test.ts',''),
'house':('test/ingest/housekeeping.test.ts',''),
'ingest':('test/ingest/job-ingest.test.ts',''),
'conf':('test/ingest/configuration.test.ts',''),
'store':('test/contract/store.test.ts',''),
'recov':('test/store/lowdb/recovery.test.ts',''),
'faults':('test/store/lowdb/faults.test.ts',''),
'disk':('test/store/lowdb/real-disk.test.ts',''),
'alarm':('test/delivery/store-alarm.test.ts',''),
'msg':('test/delivery/message.test.ts',''),
'worker':('test/delivery/worker.test.ts',''),
'reload':('test/config/reloader.test.ts',''),
'ping':('test/http/ping.test.ts',''),
'pings':('test/http/pings.test.ts',''),
'jobs':('test/http/jobs.test.ts',''),
'hpause':('test/http/pausing.test.ts',''),
'inc':('test/http/incidents.test.ts',''),
'days':('test/http/days.test.ts',''),
'hhist':('test/http/history.test.ts',''),
'accout':('test/acceptance/outage.test.ts',''),
}
M=[]
def p(par,sentence,*tests): M.append((par,sentence,tests))
# ---- 3
P='3'
p(P,'transition(spec, state, event) -> { state, runs, incident?, deliveries, reason }','arch:the core and the schedule use nothing from outside','prop:an outcome never depends')
p(P,'event = ping | tick(now) | spec_changed | paused | resumed | gap(from, to)','prop:an outcome never depends','spec:a new schedule expects','pause:pausing closes','away:§3.4 when Cronflow was away > a slot whose window')
p(P,'`reason` is one of a closed union','late:a run that turns out')
p(P,'and travels to the log, the API, the metrics and the message.','msg:messageOf > tells of a failure with','pings:a ping > changes the job','hhist:runs > say everything')
p(P,'Every state carries `due_at`:','due:is the deadline')
p(P,'the one instant at which time alone could change it','prop:before due_at')
p(P,"(a deadline, a run's limit, a reminder, the end of a window).",'due:is the deadline','due:is the end of a maintenance')
p(P,'The checker looks at nothing else.','check:it looks at due_at')
p(P,'An event at `t` first applies everything that was due before `t`, in order, each dated at its own instant;','tell:reminders come','slots:after a miss','prop:an outcome never depends')
p(P,'so an outcome never depends on how late a tick came.','prop:an outcome never depends','slots:a slot unclaimed at its deadline')
p(P,'A tick at `now` commits after every ping received at or before `now`.','check:a tick commits after','slots:a ping at the very deadline')
# ---- 3.1
P='3.1'
p(P,'`expected_at` is the oldest slot not yet settled; `deadline_at = expected_at + grace`.','due:expected_at is the oldest')
p(P,'**Only the ping that makes a run known claims a slot**,','slots:only the ping that makes')
p(P,"at the run's start `s` (the start ping's instant;",'slots:a run in time')
p(P,'for an end without a start, `t - duration_ms`,','runs:a whole run reported at its end')
p(P,'or `t`).','slots:an end without a start or a duration')
p(P,'Ends of known runs','slots:only the ping that makes')
p(P,'and `log` claim none.','slots:a log claims')
p(P,'`s >= expected_at`: the run claims the latest slot `<= s`;','slots:a run claims the latest','slots:a late run claims')
p(P,'older unsettled ones (grace longer than the period) are `skipped`, reason `superseded`.','slots:a late run claims')
p(P,'The expectation becomes the first slot after `s`.','slots:a run claims the latest')
p(P,'A little early: `expected_at - s <= early`,','slots:a run a little early','slots:a run too early')
p(P,'with `early = min(grace,','slots:early is at most the grace')
p(P,'half the distance to the previous slot,','slots:early is at most half')
p(P,'2 min)`, claims it.','slots:early is at most 2')
p(P,'A host whose clock is a minute fast causes no alarm.','slots:a run a little early','prop:a job that runs at every slot')
p(P,'Late: if the last slot ended `missed`','slots:a manual rerun')
p(P,'or `unknown`,','late:a run reported late takes a slot of a gap')
p(P,'a run that starts before the next early window takes that slot over;','slots:a manual rerun','slots:a run that starts in the next early')
p(P,"its outcome replaces the slot's, marked late,",'hist:a late report takes','away:§3.4 a rerun of a missed slot that ended unknown > and then')
p(P,'and its success closes the incident.','slots:a manual rerun')
p(P,'A manual rerun in the morning does what people expect.','slots:a manual rerun','slots:a rerun that fails')
p(P,'Otherwise the run is unscheduled: recorded, its outcome counts, it claims nothing.','slots:an unscheduled run')
p(P,'At `deadline_at` unclaimed: `missed`, dated at the deadline;','slots:a slot unclaimed at its deadline')
p(P,'the expectation moves to the next slot.','slots:after a miss')
p(P,'A newly declared job expects its first slot after the declaration;','slots:a newly declared')
p(P,'if it passes, `missed` with the reason `never_seen`:','slots:a newly declared')
p(P,'a job in the file that nobody wrapped is found.','check:a missed slot is found')
p(P,"`every: 15m` expects the next run `every` after the last one's start",'slots:every expects the next')
p(P,'(or after the declaration);','slots:every counts from the declaration')
p(P,'nothing is due while a run is open;','slots:every: nothing is due','slots:every: nothing moves')
p(P,'after a miss, `expected_at + every`.','slots:every counts from the declaration')
p(P,'A job with neither has no slots: only what it reports counts.','slots:a job without slots')
# ---- 3.2
P='3.2'
p(P,'`start` opens a run with its own limit `started_at + max_runtime`; past it, `timeout`.','late:a run past its limit','runs:a hung run')
p(P,'A late end records the duration,','late:a late end records')
p(P,'replaces a `timeout`,','late:a run past its limit','late:a late failure')
p(P,'and on success ends the incident.','late:a run past its limit')
p(P,'Starts with different `rid`s are overlapping runs, each watched.','overlap:overlap: allow','runs:a hung run')
p(P,'`overlap: forbid` makes the second a failure, `overlap`','overlap:overlap: forbid makes')
p(P,'(its own end later changes history only);','overlap:overlap: forbid makes')
p(P,"`overlap: skip` says that the job's own lock or scheduler drops overlapping starts: slots that come while a run is open are `skipped`.",'overlap:overlap: skip: slots that come','overlap:overlap: skip: a slot after')
p(P,'At most `max_open_runs` (10):','runs:max_open_runs is 10')
p(P,'one more ends the oldest as `abandoned`.','runs:at most max_open_runs')
p(P,'Without a `rid`, a `start` while an anonymous run is open means that the earlier one died: `abandoned`,','runs:an anonymous start')
p(P,'which counts as bad.','runs:abandoned counts as bad')
p(P,'An end without a `rid` ends the anonymous run,','runs:an end without a run id ends the anonymous run, though')
p(P,'else the newest open one.','runs:an end without a run id ends the anonymous run, else')
p(P,'An end without a start is a whole run.','runs:a whole run reported')
p(P,'`skip` (the wrapper found the lock taken) settles its slot,','lock:a skip settles')
p(P,'neither good nor bad;','thr:skipped and unknown')
p(P,'the third in a row with no run open is a failure, `stuck_lock`.','lock:a skip settles','lock:skips while a run is open','lock:a run in between')
p(P,'`exit_code`, where present, alone decides: in `success_exit_codes`','runs:the exit code alone')
p(P,'(default `[0]`) or not,','runs:without success_exit_codes')
p(P,'whatever the ping was called.','runs:the exit code alone')
p(P,'`signal` names what killed it.','hist:each run has')
p(P,'`min_runtime` not reached: `too_fast`.','judge:too short','judge:min_runtime is measured')
p(P,'`expect.output` (`contains`,','judge:one of several texts')
p(P,'`not_contains`,','judge:an unwanted text')
p(P,'`matches`:','judge:no match for the pattern')
p(P,'RE2 syntax, linear time)','judge:a pattern takes linear')
p(P,'judges the kept tail: `output_mismatch`.','judge:no output')
p(P,'Idempotent: the same `rid` and kind twice changes nothing;','late:the same run id','prop:the same run id')
p(P,'the first end wins,','late:the same run id')
p(P,'except over a `timeout`.','late:a run past its limit')
p(P,'An end that overtakes its start still makes one run.','late:an end that overtakes')
p(P,'A malformed `rid` is treated as none.','ping:the parameters of a ping > ?rid=a%20b')
p(P,'`delay_ms` (0 to 7 days, clamped)','ping:the parameters of a ping > ?delay_ms=-5','ping:the parameters of a ping > ?delay_ms=691200000')
p(P,"is how long ago the event was by the client's own clock; the server dates it `received_at - delay_ms`, so no clocks are compared.",'late:an event is dated')
p(P,'An event dated before the latest counted outcome corrects history;','late:a failure reported late opens nothing')
p(P,'it may close an incident,','late:spooled pings correct')
p(P,'but opens one only if no later run succeeded.','late:a failure reported late opens nothing','late:a failure reported late opens an')
p(P,'A delayed start cannot time out within 60 s of arriving.','late:a start that arrives late cannot','late:a start that arrives late and')
p(P,"A run that turns out to have happened replaces its slot's `missed`",'late:spooled pings correct','hist:a late report takes')
p(P,'or `unknown`','late:a run reported late takes a slot of a gap')
p(P,'(of the last 32 slots),','late:the last 32')
p(P,'reason `late_report`;','late:a run that turns out')
p(P,'a `missed` that turns into a failure keeps its incident,','slots:a rerun that fails')
p(P,'with the new reason','late:a miss that turns')
p(P,'and no second message.','slots:a rerun that fails')
# ---- 3.3
P='3.3'
p(P,'`status` is one of `pending`,','status:pending')
p(P,'`running`,','status:running')
p(P,'`success`,','status:success')
p(P,'`failure`,','status:failure after a bad')
p(P,'`missed`,','status:missed')
p(P,'`timeout`,','status:timeout')
p(P,'`paused`:','status:paused')
p(P,'what the job is doing,','status:running')
p(P,'or how its last counted run or slot ended','status:that of the last outcome')
p(P,'(`abandoned` reads as `failure`;','status:failure after one that was abandoned')
p(P,'`unknown` and `skipped` change nothing).','status:as before after a skip','status:as before after a slot')
p(P,'`late` is derived on reading.','jobs:a job read back > is late')
p(P,'Whether anyone should care is the incident, which job JSON carries beside it','jobs:GET /jobs > shows the open incident')
p(P,'and filters know.','jobs:GET /jobs > filters by whether')
p(P,'Bad outcomes: `failure`, `timeout`, `missed`,','tell:a notifier is told','late:a run past its limit')
p(P,'`abandoned`;','thr:abandoned is of kind')
p(P,'good: `success`;','thr:without a threshold')
p(P,'the rest neither.','thr:skipped and unknown')
p(P,'`failure_threshold: 3` counts bad outcomes of any kind since the last good one;','thr:failure_threshold counts')
p(P,'`{failure: 3, missed: 1, timeout: 1}` counts each kind for itself','thr:a threshold by kind counts')
p(P,'since the last good one','thr:a threshold by kind begins')
p(P,'(`abandoned`, `overlap`, `too_fast`, `output_mismatch`, `stuck_lock` are of kind `failure`).','thr:abandoned is of kind','thr:overlap is of kind','thr:too_fast is of kind','thr:output_mismatch is of kind','thr:stuck_lock is of kind')
p(P,'Default 1.','thr:without a threshold')
p(P,'An incident opens when a threshold is reached','thr:failure_threshold counts')
p(P,'and closes after `recovery_threshold` good outcomes','thr:recovery_threshold good')
p(P,'(default 1),','thr:without a threshold')
p(P,"counting only runs that started no earlier than the incident's newest bad run or slot,",'thr:a good run that started before')
p(P,"a run's own timeout excepted.",'late:a run past its limit')
p(P,'A notifier of the job is owed an `opened` delivery when the incident first contains a kind it takes,','tell:a notifier is told')
p(P,'reminders (`remind_every`,','tell:reminders come')
p(P,'off by default)','tell:nobody is reminded')
p(P,'while it is open,','tell:reminders come')
p(P,'and one `closed`, owed to exactly those who were told,','tell:a notifier is told','prop:each incident is told once')
p(P,'whatever happened to `notify` since.','tell:the closing is owed')
p(P,'Nothing else about a job is ever sent.','tell:nothing else')
p(P,'**Maintenance** windows (`{schedule, duration}`','maint:in a window')
p(P,'or `{from, to}`):','maint:windows that follow','maint:a slot of the window')
p(P,'outcomes are recorded, incidents open silently;','maint:in a window')
p(P,"what is still bad at the window's end is announced after `grace`,",'maint:in a window')
p(P,'unless a good outcome comes first.','maint:a good outcome before','maint:a good outcome that is not enough')
p(P,'**Pause** (`POST .../pause` on any job,','hpause:a job is paused > and what it reports')
p(P,'surviving reload,','hpause:a job is paused > over the API')
p(P,'or `paused: true` in the file):','hpause:a job is paused > by its file')
p(P,'pings are recorded and do not count;','pause:pausing closes','hpause:a job is paused > and what it reports')
p(P,'resuming expects the first slot after it.','pause:pausing closes')
p(P,'Pausing','pause:pausing closes')
p(P,'and removing close an incident as `paused`/`removed` without a message,','pause:removing closes','worker:order > tells of trouble whose job was paused')
p(P,'but notifiers that keep state (PagerDuty, an edited Slack alert) are told so.','pause:pausing closes')
p(P,'**Acknowledge** an incident (`POST /incidents/:id/ack`, with `until`): no reminders until then;','inc:POST /incidents/:id/ack > keeps','tell:an acknowledged')
p(P,'it closes as usual.','inc:POST /incidents/:id/ack > closes','tell:an acknowledged')
p(P,'**Spec change**: a new schedule, zone or `every` expects the first slot after the change,','spec:a new schedule')
p(P,'an unmissed due slot is `skipped`;','spec:a new schedule')
p(P,'a new grace','spec:a new grace')
p(P,'or limit applies at once,','spec:a new limit')
p(P,'but no deadline falls earlier than the change + grace.','spec:a new grace','spec:a new limit')
p(P,'An open incident stays.','spec:an open incident')
p(P,'**System incidents** (`config`,','reload:reload > keeps what runs when the file is invalid')
p(P,'`outage`,','outages:the message after Cronflow was away > comes once')
p(P,'`store`,','alarm:a store that fails > is told once')
p(P,'`notifier`)','sys:a notifier that fails')
p(P,'belong to no job,','hhist:incidents > of Cronflow itself')
p(P,'follow the same rules of opening,','sys:trouble is told once')
p(P,'reminding','sys:reminders of system incidents > come every')
p(P,'and closing,','sys:other trouble')
p(P,'and go to `defaults.notify`;','outages:the message after Cronflow was away > goes to defaults')
p(P,'a failing store is announced directly, past the outbox, best effort.','alarm:a store that fails > is told once','alarm:a store that fails > is told to each')
# ---- 3.4
P='3.4'
W='§3.4 when Cronflow was away > '
p(P,'Its liveness is stored every 10 s and at a clean stop.','live:a sign of life')
p(P,'Any time in which it could not take pings is a gap: down,','live:a slot that passed while','accout:Cronflow away > for 20')
p(P,'suspended,','live:a machine that was suspended','live:a ping that comes first')
p(P,'or unable to commit (disk full, database gone);','live:a store that works again')
p(P,'with several instances, when none was live.','live:with several instances')
p(P,'A slot whose `[slot - early, deadline]` touches a gap','away:'+W+'a window touches','away:'+W+'and a gap that ends','away:'+W+'a gap that begins')
p(P,'ends as reported,','away:'+W+'or as reported')
p(P,'or else, `replay_window`','away:'+W+'a slot whose')
p(P,'(15m)','live:a slot that passed while')
p(P,'after the gap, as `unknown` instead of `missed`.','away:'+W+'a slot whose')
p(P,'A run that was open during a gap may have ended unseen: an anonymous start that finds it open makes it `unknown` instead of `abandoned`;','away:'+W+'an anonymous run open')
p(P,'its limit still counts, since silence would be worse,','away:'+W+'its limit')
p(P,'and the `timeout` message says that Cronflow was away.','away:§3.4 a limit reached')
p(P,"`every` starts anew at the gap's end.",'away:'+W+'every starts anew')
p(P,'One `outage` message after the window says how long Cronflow was away and which runs it could not see;','outages:the message after Cronflow was away > comes once')
p(P,'none for a gap under 5 minutes that touched nothing.','outages:the message after Cronflow was away > is not sent for a short','outages:the message after Cronflow was away > is sent for five','outages:the message after Cronflow was away > is sent for a second')
p(P,'A wall clock that steps back by more than a minute recomputes every expectation;','live:after the clock was set back a day','live:a clock that is set back by a minute','clock:by a day expects')
p(P,'durations are never negative.','prop:durations are never')
p(P,'Sleeps are 10 s at most, so a suspended machine is noticed.','check:it never sleeps longer')
# ---- 3.5
P='3.5'
p(P,'The last `keep_runs`',"store:'memory' store > runs > beyond keep_runs","store:'lowdb' store > runs > beyond keep_runs")
p(P,'(100) runs of a job,',"store:'memory' store > runs > are kept to 100","store:'lowdb' store > runs > are kept to 100")
p(P,'with consecutive misses folded into one counted row;','hist:consecutive misses','hist:misses with a run')
p(P,'incidents 90 days;','house:closed incidents')
p(P,'per job and day, counts of outcomes','days:a day has counts','dailyprop:for any job')
p(P,'and the median and 95th percentile of durations,','daily:the figures of a day > are within')
p(P,'90 days.','house:daily figures')
p(P,'The log of commits (§6) is kept 30 days,','recov:the log of commits > is kept 30')
p(P,'at most 1 GB,','recov:the log of commits > loses its oldest')
p(P,'for `backtest` and audit.','recov:the log of commits > has the events')
