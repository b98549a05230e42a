import type { Case } from '../table.ts';

/** Programs that call commands for people, and what they expect of them. */
export const CALLERS: readonly Case[] = [
  {
    name: 'timeout ends the command',
    script: String.raw`
      { await ../pid; await ready; kill -s TERM $(cat ../pid); } &
      # No child here: the signal goes to the group, and a child that has just been forked runs the trap as well.
      in_foreground timeout 300 $RUN sh -c 'trap "echo cleaned up; exit 3" TERM; : >ready; while :; do :; done'; note $?
      timeout 0.3 $RUN sleep 300; note $?`,
    shows: /^cleaned up$/m,
    reports: null,
  },
  {
    // It signals its whole group, so also what the wrapper has just started and not yet made deaf.
    name: 'timeout whose limit comes while the wrapper starts',
    script: String.raw`
      quiet; export CRONFLOW_NO_START=1
      for ms in 001 003 006 010 014 018 023 028 040; do timeout 0.$ms $RUN sleep 300; note $ms $?; done`,
    shows: /^040 124$/m,
    reports: null,
  },
  {
    name: 'xargs -P',
    script: String.raw`
      seq 1 8 | xargs -P 4 -n 1 $RUN sh -c 'echo "$1" >ran.$1' sh; note $?
      seq 1 3 | xargs -n 1 $RUN sh -c 'echo "$1"; exit 1' sh; note $?
      seq 1 3 | xargs -n 1 $RUN sh -c 'echo "$1"; exit 255' sh 2>../e; note $?`,
    shows: /^123\n124$/m,
    reports: null,
  },
  {
    name: 'make -j, with a make below it that shares its slots',
    script: String.raw`
      cat >../Makefile <<END
all: a b c deep
a b c:
	@$RUN sh -c 'echo made >\$@'
deep:
	+@$RUN \$(MAKE) --no-print-directory -f ../below
END
      cat >../below <<'END'
all: x y
x y:
	@echo below >$@
END
      make -s -j3 -f ../Makefile 2>&1; note $?
      printf 'bad:\n\t@%s sh -c "exit 5"\n' "$RUN" >../fails; make -s -f ../fails 2>../e; note $?`,
    shows: /^0\n2$/m,
    needs: ['make(1)'],
    reports: [0, 0, 0, 0, 5],
  },
  {
    name: 'nice, env, setsid, and another wrapper',
    script: String.raw`
      nice -n 5 $RUN nice; note $?
      setsid -w $RUN sh -c 'echo in a session; exit 4'; note $?
      $RUN $RUN sh -c 'echo twice; exit 6'; note $?`,
    shows: /^4\n6$/m,
    needs: ['setsid(1)'],
    reports: [0, 4, 6, 6],
  },
  {
    name: 'a substitution, a subshell, a background job, and a loop that reads its stdin',
    script: String.raw`
      text=$($RUN sh -c 'echo captured; exit 3'); note "$text $?"
      ($RUN sh -c 'exit 4'); note $?
      $RUN sh -c 'echo in the background; exit 5' & wait $!; note $?
      printf '1\n2\n3\n' | while read -r line; do $RUN echo "line $line"; done`,
    shows: /line 3/,
    reports: [0, 0, 0, 3, 4, 5],
  },
  {
    name: 'a shell with options of its own, and one that reads the script from a pipe or from a file',
    script: String.raw`
      shell=$(echo "$RUN" | sed 's| [^ ]*/monitor.sh.*||') words=$(echo "$RUN" | sed 's|.*/monitor.sh||')
      script=$(echo "$RUN" | sed 's|.* \([^ ]*/monitor.sh\).*|\1|')
      for option in -e -u -f -C -a; do
        $shell $(test -z "$RUN" || echo $option) $script $words sh -c 'echo out; echo err >&2; exit 7'; note "$option $?"
      done
      by_stdin() { if [ -n "$RUN" ]; then $shell -s -- $words "$@"; else "$@"; fi; }
      cat /dev/null $script | by_stdin sh -c 'test -z "$CRONFLOW_RUN_ID" || cat; echo from a pipe; exit 8'; note $?
      by_stdin sh -c 'echo from a file; exit 9' <$(echo $script /dev/null | sed 's| .*||'); note $?`,
    shows: /^8\n9$/m,
    reports: [7, 7, 7, 7, 7, 8, 9],
  },
  {
    name: 'cron',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount --pid --fork --mount-proc --kill-child sh ../case.sh
      fi
      for dir in /run /etc/cron.d /var/spool/cron; do mount -t tmpfs none "$dir"; done
      mkdir -p /var/spool/cron/crontabs
      # Cron starts a crontab's @reboot lines when it starts for the first time.
      echo "@reboot root cd $PWD; CRONFLOW_URL=$CRONFLOW_URL $RUN sh -c 'echo by cron; echo err >&2; cat; exit 3' >out 2>&1; echo \$? >code.new; mv code.new code" >/etc/cron.d/compare
      : >/etc/crontab.none; mount --bind /etc/crontab.none /etc/crontab 2>/dev/null; rm -f /etc/crontab.none
      cron -f & await code`,
    shows: /by cron/,
    needs: ['cron(8)', 'a mount namespace by unshare(1)', 'a PID namespace by unshare(1)'],
    reports: 3,
  },
  {
    name: 'a caller that unmounts where it was, while a daemon still holds the output',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then IN_NAMESPACE=1 exec unshare --mount sh ../case.sh; fi
      mkdir ../mounted; mount -t tmpfs none ../mounted; cd ../mounted
      $RUN sh -c '(cd "$1"; : >left; until [ -e unmounted ]; do sleep 0.02; done; echo late) & echo now
        until [ -e "$1/left" ]; do sleep 0.02; done; exit 4' sh "$OLDPWD"
      code=$?; cd "$OLDPWD"; note $code; umount ../mounted && note unmounted; : >unmounted`,
    shows: /^4\nunmounted$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: 4,
  },
  {
    name: 'systemd-run',
    script: String.raw`systemd-run --quiet --wait --pipe $RUN sh -c 'yes | head -n 1; exit 3'; note $?`,
    shows: /^3$/m,
    needs: ['a running systemd'],
    reports: null,
  },
];
