import type { Case } from '../table.ts';

/** What is run: arguments, names, and how it ends. */
export const COMMANDS: readonly Case[] = [
  {
    name: 'arguments of every kind',
    script: String.raw`
      $RUN env printf '[%s]\n' 'a b' '' '*' '$HOME' '$(id)' '"q"' "it's" 'new
line' 'ends with a line
' -- -n --timeout --help '\\n' '\' - = a=b '~' '#' '!' '{a,b}' '[a-z]*' ';' '&' '|' "$(printf 'caf\303\251 \377\001')"`,
    shows: /\[--help\]/,
  },
  {
    name: 'thirty thousand arguments, and one of 128 KiB',
    script: String.raw`
      $RUN sh -c 'echo $# $1 $30000' sh $(seq 1 30000)
      $RUN sh -c 'echo \${#1}' sh "$(head -c 131000 /dev/zero | tr '\0' x)"`.replaceAll('\\$', '$'),
    shows: /^131000$/m,
    reports: [0, 0],
  },
  {
    name: 'a command without arguments that the wrapper could take for its own',
    script: String.raw`
      for name in say exit exec wait; do
        env $RUN "$name" 2>err.$name; note "$name $?"; rm err.$name
      done`,
    shows: /^exec 127$/m,
    reports: Array.from({ length: 4 }, () => 127),
  },
  {
    name: 'names of commands: an option, an assignment, spaces, a path, a directory, none at all',
    script: String.raw`
      quiet
      for name in -x a=b 'sp ace' './rel' noshebang; do
        printf '#!/bin/sh\necho "ran $0 $*"\n' >"$name"; chmod +x "./$name"
      done
      printf 'echo "no first line: $1"\n' >noshebang
      PATH=$PATH:.
      for name in -x a=b 'sp ace' ./rel; do $RUN "./$name" one; note "$name $?"; done
      set -- -x; env -- $RUN "$@" two; note "-x $?"
      $RUN noshebang two; note $?
      $RUN ./nothing; note "missing $?"
      $RUN ./; note "directory $?"
      $RUN /; note "root $?"
      $RUN /etc/passwd; note "no program $?"
      printf '#!/no/such/interpreter\n' >broken; chmod +x broken
      $RUN ./broken; note "broken $?"
      env $RUN ''; note "empty $?"`,
    shows: /^empty 127$/m,
    reports: null,
  },
  {
    name: 'a command that is found by a relative PATH, in a directory whose name has spaces',
    script: String.raw`
      mkdir 'a dir'; printf '#!/bin/sh\npwd; echo "$0"\n' >'a dir/tool'; chmod +x 'a dir/tool'
      cd 'a dir'; PATH=.:$PATH; export PATH; $RUN tool`,
    shows: /a dir/,
  },
  {
    name: 'exit codes',
    script: String.raw`
      export CRONFLOW_NO_START=1
      for code in 1 2 63 99 124 126 127 128 129 143 160 255; do
        $RUN sh -c "exit $code"; note $?
      done`,
    shows: /^255$/m,
    reports: [1, 2, 63, 99, 124, 126, 127, 128, 129, 143, 160, 255],
  },
  {
    name: 'death by signals',
    script: String.raw`
      quiet; ulimit -c 0
      export CRONFLOW_NO_START=1
      for signal in 1 2 3 6 9 11 13 15 25 34; do
        $RUN sh -c 'kill -s "$1" $$ 2>/dev/null || kill "-$1" $$' sh $signal 2>/dev/null; note $signal $?
      done`,
    shows: /^9 137$/m,
    reports: [129, 130, 131, 134, 137, 139, 141, 143, 153, 162],
  },
  {
    name: 'the working directory, the mask, the niceness, the limits and the ignored signals',
    script: String.raw`
      quiet
      mkdir deep; cd deep; umask 0137; ulimit -n 300; trap '' USR2 TTOU
      $RUN sh -c 'pwd; umask; nice; ulimit -n; ulimit -c; touch made; grep -E "^Sig(Blk|Ign)" /proc/self/status'`,
    shows: /^SigIgn:\s0000000000200800$/m,
    needs: ['/proc'],
  },
  {
    name: 'no signal is ignored or blocked that was not',
    script: String.raw`$RUN grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status`,
    shows: /^SigIgn:\s0+$/m,
    needs: ['/proc'],
  },
  {
    name: 'in the background of its caller, with what is ignored there',
    script: String.raw`$RUN grep -E '^Sig(Blk|Ign)' /proc/self/status & wait $!; note $?`,
    shows: /^SigIgn:\s0+6$/m,
    needs: ['/proc'],
  },
  {
    name: 'a working directory that is gone',
    // Shells say that they cannot find where they are, the one that runs the wrapper too.
    script: String.raw`mkdir gone; cd gone; rmdir ../gone; $RUN env echo still 2>/dev/null`,
    shows: /^still$/m,
  },
  {
    name: 'a mask that lets nobody read or write',
    script: String.raw`umask 777; $RUN sh -c 'umask; echo on'; umask 22`,
    shows: /^on$/m,
  },
  {
    name: 'a command that replaces itself, leaves its group, kills its group, and leaves a grandchild in a session of its own',
    script: String.raw`
      quiet
      $RUN sh -c 'exec sh -c "echo replaced; exec env sh -c \"echo again; exit 9\""'; note $?
      $RUN perl -e 'setpgrp 0, 0; print "in a group\n"; exit 4'; note $?
      $RUN perl -e 'setpgrp 0, 0; kill "KILL", -$$; sleep 100' 2>/dev/null; note $?
      $RUN setsid sh -c '(until [ -e ended ]; do sleep 0.02; done; echo late >late.new; mv late.new late) >/dev/null 2>&1 & exit 3'; note $?
      : >ended; await late`,
    shows: /^137\n/m,
    needs: ['perl', 'setsid(1)'],
    reports: null,
  },
  {
    name: 'a command that stops itself and is continued, and one that signals its parent',
    script: String.raw`
      $RUN sh -c '(until grep -q "^State:.T" /proc/$$/status; do sleep 0.02; done; kill -s CONT $$) & kill -s STOP $$; echo on; exit 6'; note $?
      $RUN sh -c 'kill -s WINCH $PPID; kill -s URG $PPID; kill -s CHLD $PPID; kill -s CONT $PPID; echo alive; exit 2'; note $?`,
    shows: /^6\n2$/m,
    needs: ['/proc'],
    except: { ksh93: 'ksh93 forgets the exit code of a child that ends as a signal comes' },
    reports: [2, 6],
  },
  {
    name: 'a command that takes away TMPDIR, its working directory and the rights on both while it runs',
    script: String.raw`
      $RUN sh -c 'seq 1 30000; rm -rf "$TMPDIR"; seq 1 30000; echo err >&2; exit 3' 2>&1 | cksum
      mkdir -p "$TMPDIR"; $RUN sh -c 'seq 1 30000; chmod 000 "$TMPDIR"; seq 1 30000 >&2' 2>&1 | cksum; chmod 700 "$TMPDIR"
      mkdir here; cd here; $RUN sh -c 'rm -rf ../here; echo gone; exit 5'; cd ..; note $?`,
    shows: /^gone$/m,
    reports: null,
  },
];
