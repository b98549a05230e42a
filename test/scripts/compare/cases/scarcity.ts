import type { Case, MonitorState } from '../table.ts';

/** A command that needs nothing but itself. */
const PLAIN = String.raw`sh -c 'echo out; echo err >&2; exit 3'`;

/** The same where the tools of the wrapper are not to be had, or its places. */
function plain(name: string, setUp: string, more: Partial<Case> = {}): Case {
  return {
    name,
    script: `${setUp}\n      hush $RUN ${PLAIN}; note $?`,
    shows: /^3$/m,
    reports: null,
    ...more,
  };
}

/** A mount namespace in which ../full and ../ro hold nothing more. */
const DISKS = String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount sh ../case.sh
      fi
      unset IN_NAMESPACE; mkdir ../full ../ro
      mount -t tmpfs -o size=16k none ../full; cat /dev/zero >../full/zeros 2>/dev/null; mount -t tmpfs -o ro none ../ro`;

const WAITS_FOR_PROCESSES = {
  bash: 'bash waits for half a minute for a process, by itself',
  'bash --posix': 'bash waits for half a minute for a process, by itself',
  mksh: 'mksh waits for half a minute for a process, by itself',
  ksh93: 'ksh93 waits for ever where it cannot start a process',
};

const STATES: readonly MonitorState[] = ['refusing', 'hanging', 'foreign'];

/** Output to a pipe that has an end, where a user may have `limit` processes. */
function toPipe(name: string, limit: number): Case {
  return {
    name,
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100 + 95 + ${limit}))
      { hush setpriv --reuid $uid --regid $uid --clear-groups prlimit --nproc=${limit} $RUN sh -c 'echo out; echo err >&2; exit 7' </dev/null
        note $?; echo 'the end'; } | cat`,
    shows: /^7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: { ksh93: WAITS_FOR_PROCESSES.ksh93 },
  };
}

/** What the wrapper would like to have and cannot get. */
export const SCARCITY: readonly Case[] = [
  {
    name: 'few processes, from none beside the command',
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100))
      for n in 2 3 5 7 10 14 24; do
        uid=$((uid + 1))
        hush setpriv --reuid $uid --regid $uid --clear-groups prlimit --nproc=$n $RUN sh -c 'echo out; echo err >&2; exit 7'
        note $n $?
      done`,
    shows: /^24 7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: WAITS_FOR_PROCESSES,
  },
  {
    // Each process that cannot be had costs bash half a minute.
    name: 'a process beside the wrapper, and none more',
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100 + 99))
      hush setpriv --reuid $uid --regid $uid --clear-groups prlimit --nproc=2 $RUN sh -c 'echo out; echo err >&2; exit 7' >out </dev/null
      note $?`,
    shows: /^7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: { ksh93: WAITS_FOR_PROCESSES.ksh93 },
  },
  toPipe('a process beside the wrapper, which a relay takes', 2),
  {
    // A shell leaves the pipe open for which it could start no process, and mksh leaves it in place of stdout.
    name: 'no process to be had, at the first look around or later, and the descriptors of the command',
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100 + 90))
      for n in 1 2 3; do
        { setpriv --reuid $((uid + n)) --regid $uid --clear-groups prlimit --nproc=$n \
          $RUN sh -c 'echo /proc/self/fd/*; exit 7' </dev/null 2>/dev/null
          echo "$?"; } | cat >out.$n &
      done
      wait; note "$(cat out.1 out.2 out.3)"`,
    shows: /^7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: { ksh93: WAITS_FOR_PROCESSES.ksh93 },
  },
  // The command has the one that the relay would need, so the relay delivers without one.
  toPipe('two processes beside the wrapper, and output to a pipe that is delivered before the end', 3),
  {
    name: 'few processes, with stdout and stderr in two pipes',
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100))
      for n in 2 3 4 5 6; do
        uid=$((uid + 50))
        {
          { setpriv --reuid $uid --regid $uid --clear-groups prlimit --nproc=$n $RUN sh -c 'echo out; echo err >&2; exit 7' 3>&-
            note $n $?; } 2>&1 >&3 | grep -av -e '^cronflow: ' -e '[Cc]annot fork' >&2
        } 3>&1
      done`,
    shows: /^6 7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: WAITS_FOR_PROCESSES,
  },
  {
    name: 'few processes, and output that is held back until the command has failed',
    options: '--quiet --output-on-failure',
    script: String.raw`
      chmod 777 ../home ../tmp; uid=$((100000 + $$ % 100000 * 100))
      for n in 2 3 4 5 6 7 8 9 10; do
        uid=$((uid + 70))
        { setpriv --reuid $uid --regid $uid --clear-groups prlimit --nproc=$n $RUN sh -c 'echo out; echo err >&2; exit 7'
          note $n $?; } 2>&1 | grep -av '[Cc]annot fork' | sort
      done`,
    shows: /^10 7$/m,
    needs: ['another user', 'prlimit(1)'],
    reports: null,
    except: WAITS_FOR_PROCESSES,
  },
  ...['curl', 'tee', 'mktemp', 'curl wget', 'tee mktemp setsid mkfifo', 'date id uname od stat find'].map(
    (names) =>
      plain(
        `without ${names}`,
        String.raw`
      mkdir ../bin; oldpath=$PATH; IFS=:
      for folder in $PATH; do ln -s "$folder"/* ../bin/ 2>/dev/null; done
      unset IFS; (cd ../bin && rm -f ${names}); PATH=$PWD/../bin; export PATH`,
      ),
  ),
  plain(
    'a PATH with nothing but sh',
    'mkdir ../bin; ln -s /bin/sh ../bin/sh; hide() { PATH=$1 hush $RUN sh -c "echo found"; }; hide $PWD/../bin',
  ),
  plain(
    'a full TMPDIR and a full spool',
    `${DISKS}\n      TMPDIR=$PWD/../full CRONFLOW_SPOOL_DIR=$PWD/../full/spool; export TMPDIR CRONFLOW_SPOOL_DIR`,
    {
      needs: ['a mount namespace by unshare(1)'],
    },
  ),
  plain(
    'a TMPDIR, a spool and a HOME that cannot be written',
    `${DISKS}\n      TMPDIR=$PWD/../ro CRONFLOW_SPOOL_DIR=$PWD/../ro/spool HOME=$PWD/../ro; export TMPDIR CRONFLOW_SPOOL_DIR HOME`,
    {
      needs: ['a mount namespace by unshare(1)'],
    },
  ),
  plain(
    'no /proc and no /dev/shm',
    String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount sh ../case.sh
      fi
      unset IN_NAMESPACE; mount -t tmpfs none /proc; mount -t tmpfs -o ro none /dev/shm`,
    {
      needs: ['a mount namespace by unshare(1)'],
    },
  ),
  ...(
    [
      [
        'a full disk',
        `${DISKS}\n      TMPDIR=$PWD/../full; export TMPDIR`,
        ['a mount namespace by unshare(1)'],
      ],
      ['a limit on files', 'ulimit -f 8', []],
    ] as const
  ).flatMap(([limit, setUp, needs]) =>
    ['--output-on-failure', '--stderr-is-failure', '--output-on-failure --stderr-is-failure'].map(
      (options): Case => ({
        name: `${limit} where output is kept: ${options}`,
        options: `--quiet ${options}`,
        script: String.raw`${setUp}
      $RUN sh -c 'seq 1 50000 || echo lost; exit 3' | cksum
      $RUN sh -c 'echo out; echo err >&2; exit 3' 2>&1 | sort
      $RUN sh -c 'seq 1 50000 >&2 || echo lost; exit 3' 2>&1 | cksum`,
        shows: /^err\nout$/m,
        needs: ['perl', ...needs],
        reports: [3, 3, 3],
      }),
    ),
  ),
  {
    name: 'no /proc, with helpers that must be told to end',
    options: '--timeout 1h --beat 1h --lock',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount sh ../case.sh
      fi
      unset IN_NAMESPACE; mount -t tmpfs none /proc
      hush $RUN ${PLAIN}; note $?`,
    shows: /^3$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: 3,
  },
  {
    name: 'no /dev/null, and nowhere to make one',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then IN_NAMESPACE=1 exec unshare --mount sh ../case.sh; fi
      mount -t tmpfs -o ro none /dev
      echo in | hush $RUN sh -c 'cat; echo err >&2; exit 5'; note $?
      hush env -u TMPDIR $RUN sh -c 'umask; pwd; ls; exit 6'; note $?`,
    shows: /^5\n6$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: null,
  },
  {
    name: 'a disk below TMPDIR with room for some of the files',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount sh ../case.sh
      fi
      unset IN_NAMESPACE; export CRONFLOW_STDERR_IS_FAILURE=1
      for files in 1 2 3 4 5 6 7 8; do
        mkdir ../few.$files; mount -t tmpfs -o nr_inodes=$((files + 1)) none ../few.$files
        TMPDIR=$PWD/../few.$files hush $RUN ${PLAIN}; note $files $?
      done`,
    shows: /^8 3$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: Array.from({ length: 8 }, () => 3),
  },
  {
    name: 'a PID namespace whose /proc is that of another',
    options: '--timeout 1h --beat 1h --lock',
    script: String.raw`
      hush unshare --pid --fork --kill-child $RUN ${PLAIN}; note $?
      unshare --pid --fork --kill-child $RUN seq 1 20000 | cksum
      unshare --pid --fork --kill-child $RUN env -0 >../all; tr '\0' '\n' <../all | grep -a -e ^SHLVL -e ^_= -e ^BASH`,
    shows: /^3$/m,
    needs: ['a PID namespace by unshare(1)'],
    reports: [0, 0, 3],
  },
  plain('a token file that is a FIFO', 'mkfifo ../token; export CRONFLOW_PING_TOKEN_FILE=../token'),
  plain('a token file that is a directory', 'export CRONFLOW_PING_TOKEN_FILE=/'),
  plain('a token file that is not there', 'export CRONFLOW_PING_TOKEN_FILE=/none/token'),
  plain('a token file that never ends', 'export CRONFLOW_PING_TOKEN_FILE=/dev/zero'),
  plain('a spool that is a file', ': >../spool'),
  plain('a spool that is a FIFO', 'mkfifo ../spool'),
  plain('a spool that is a link to another', 'mkdir ../elsewhere; ln -s elsewhere ../spool'),
  plain('a spool that anybody may write', 'mkdir -m 1777 ../spool'),
  plain('a spool of another user', 'mkdir -m 777 ../spool; chown 12345 ../spool', { needs: ['root'] }),
  plain(
    'a spool full of rubbish',
    'mkdir -m 700 ../spool; cd ../spool; mkdir a "b c" -- -n; : >x; mkfifo f 1-0-u-r.ready; mkdir 2-0-u-r.ready; ln -s / s; cd ../work',
  ),
  plain('a URL that leads nowhere', 'export CRONFLOW_URL=http://256.0.0.1:99999/x', { monitor: 'refusing' }),
  plain('a URL that is none', 'export CRONFLOW_URL="not a url \\" \' $(id)"', { monitor: 'refusing' }),
  plain(
    'settings that make no sense',
    'export CRONFLOW_TIMEOUT=soon CRONFLOW_OUTPUT_BYTES=-1 CRONFLOW_END_WAIT=maybe CRONFLOW_QUIET=perhaps CRONFLOW_LOCK=x CRONFLOW_SUCCESS_CODES=a,b CRONFLOW_RETRY=z CRONFLOW_BEAT=q',
  ),
  {
    name: 'a stderr that nobody reads',
    script: String.raw`
      mkfifo ../stuck; exec 3<>../stuck; dd if=/dev/zero of=../stuck bs=4096 count=16 oflag=nonblock 2>/dev/null
      $RUN sh -c 'echo out; exit 3' 2>&3 3>&-; note $?`,
    shows: /^3$/m,
    monitor: 'refusing',
  },
  {
    name: 'a stderr that nobody reads before the command has run, and mistakes in the options',
    options: '--bogus=1 --retry=x --timeout=soon',
    script: String.raw`
      mkfifo ../stuck; exec 3<>../stuck; dd if=/dev/zero of=../stuck bs=4096 count=16 oflag=nonblock 2>/dev/null
      { timeout 60 $RUN sh -c ': >ran; exit 3' 2>&3 3>&-; note $?; : >ran; } & case=$!
      await ran; cat <&3 >/dev/null & wait $case; kill $!`,
    shows: /^3$/m,
    reports: 3,
  },
  {
    name: 'a file system that the command ran on is unmounted though its start is still being sent',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then
        IN_NAMESPACE=1 exec unshare --mount sh ../case.sh
      fi
      unset IN_NAMESPACE; mkdir ../bin ../disk; mount -t tmpfs none ../disk
      cat >../bin/curl <<'END'
#!/bin/sh
here=\${0%/*}
mkdir "$here/started" 2>/dev/null || exit 7
while [ -d "$here" ]; do sleep 0.1; done
END
      chmod +x ../bin/curl; PATH=$PWD/../bin:$PATH; cd ../disk
      $RUN sh -c '[ -z "$CRONFLOW_RUN_ID" ] || until [ -e ../bin/started ]; do sleep 0.02; done; echo out; exit 3' 2>../e
      note $?; cd ../work; umount ../disk; note $?`.replace('\\$', '$'),
    shows: /^0$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: null,
    mayRetry: true,
  },
  {
    name: 'descriptors 3 to 9 all taken, and nowhere to keep a file',
    script: String.raw`
      exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3
      TMPDIR=/nowhere $RUN sh -c 'echo out; exit 3'; note $?
      CRONFLOW_DISABLE=1 $RUN sh -c 'echo out; exit 3'; note $?`,
    shows: /^3\n3$/m,
    reports: 3,
  },
  {
    name: 'another wrapper uses the same TMPDIR in another PID namespace, and neither has a /proc of its own',
    script: String.raw`
      export RUN
      unshare --pid --fork --kill-child sh -c 'for i in $(seq 60); do /bin/true; done
        $RUN sh -c "echo first; : >ready; while [ ! -e go ]; do sleep 0.02; done; echo last"; :' | cat >one &
      await ready
      unshare --pid --fork --kill-child sh -c '$RUN echo between; :' | cat >two
      : >go; wait $!`,
    shows: /first\nlast\n[^]*between/,
    reports: [0, 0],
    sends: /^first\nlast$/m,
    needs: ['a PID namespace by unshare(1)'],
  },
  {
    name: 'a root directory with neither /proc nor a device but /dev/null',
    script: String.raw`
      if [ -z "$IN_NAMESPACE" ]; then IN_NAMESPACE=1 exec unshare --mount sh ../case.sh; fi
      unset IN_NAMESPACE; mkdir ../root; mount --rbind / ../root; mount -t tmpfs none ../root/proc
      mount -t tmpfs none ../root/dev; mknod -m 666 ../root/dev/null c 1 3
      chroot ../root $RUN sh -c 'echo out; echo err >&2; seq 1 30000 >&2; exit 3' 2>&1; note $?`,
    shows: /^3$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: 3,
  },
  ...STATES.map((monitor): Case => ({
    name: `the monitor is ${monitor}`,
    script: String.raw`
        hush $RUN sh -c 'echo out; echo err >&2; exit 3'; note $?
        hush $RUN seq 1 20000 | cksum
        flock ../lock $RUN true 2>/dev/null; flock -n ../lock true; note $?`,
    shows: /^3\n0$/m,
    monitor,
    needs: ['flock'],
  })),
];
