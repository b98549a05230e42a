import type { Case } from '../table.ts';

/** Every program that the wrapper calls; those of one entry are replaced together. */
const HELPERS =
  'cat,curl,date,dd,env,flock,flock ln,flock mv,id,mkdir,mkfifo,od,perl,perl tee,printf,rm,setsid,sleep,tail,tee,timeout,tr,uname,wc'.split(
    ',',
  );

/** What may stand in a program's place. */
const WAYS = {
  'fails at once': 'exit 1',
  'succeeds at once and does nothing': 'exit 0',
  'prints rubbish': `echo '* rub bish="1" /../ $(id) 99'; echo '  -1 rubbish'`,
} as const;

/** The programs that the wrapper does not wait for without a limit. */
const MAY_HANG = ['curl', 'tail', 'uname', 'id', 'od'];

function replaced(names: string, way: string, body: string): Case {
  return {
    name: `${names}: ${way}`,
    // To a pipe; then to a file, with options that call more programs.
    script: String.raw`
      cat >../command <<'END'
#!/bin/sh
read -r line; echo "read $line"; i=0; while [ $i -lt 999 ]; do echo "line $i of the output"; i=$((i+1)); done
echo err >&2; exit 7
END
      mkdir ../bin
      for name in ${names}; do
        cat >../bin/$name <<'END'
#!/bin/sh
${body}
END
      done
      chmod +x ../command ../bin/*
      run() { (PATH=$PWD/../bin:$PATH; export PATH; exec $RUN ../command); }
      echo one | hush run; note $?
      export CRONFLOW_LOCK=1 CRONFLOW_TIMEOUT=5m CRONFLOW_STDERR_IS_FAILURE=1
      echo two | hush run >>file; note $?`,
    shows: /^7\n7$/m,
    reports: null,
    // What cannot be sent is tried again for a while.
    mayRetry: true,
  };
}

/** The wrapper's own helpers, each replaced by a program that cannot be trusted. */
export const REPLACED: readonly Case[] = [
  ...HELPERS.flatMap((names) => Object.entries(WAYS).map(([way, body]) => replaced(names, way, body))),
  ...MAY_HANG.map((name) => replaced(name, 'hangs', 'while [ -d "${0%/*}" ]; do /bin/sleep 0.1; done')),
];
