import type { Case } from '../table.ts';

/** All of the environment but what the wrapper documents that it sets. */
const REST = String.raw`env -0 | sort -z | tr '\0' '\1' | tr '\n\1' '\2\n' | grep -av '^CRONFLOW_' | tr '\2' '@'`;

const SHELLOPTS = ['xtrace', 'monitor', 'errexit:nounset:allexport', 'noglob:noclobber:keyword'] as const;

const NOEXEC = 'bash given noexec runs no line of any script, so nothing of the wrapper';
const ONECMD = 'bash given onecmd ends every script after its first line, which names the interpreter';
const VERBOSE = 'bash given verbose prints the first line of any script before it runs one';

/** Functions that bash exports, each of which would end the wrapper. */
function functionsNamed(names: string, list: string, except: Case['except'] = {}): Case {
  return {
    name: `functions of the caller under ${names}`,
    script: String.raw`
      cat >../caller.sh <<'END'
for name in ${list}; do
  builtin eval "function $name { builtin echo polluted; builtin exit 9; }"
  builtin export -f "$name" 2>/dev/null
done
builtin exec "$@"
END
      bash ../caller.sh $RUN /usr/bin/env -0 >../all
      grep -azc '^BASH_FUNC_' ../all; grep -az 'polluted' ../all | tr '\0' '\n' | sort | head -n 3`,
    shows: /^\d\d$/m,
    needs: ['bash'],
    except,
  };
}

/** What the command sees of the environment and of the descriptors. */
export const ENVIRONMENT: readonly Case[] = [
  {
    name: 'the environment is the bare one',
    script: `$RUN env -0 >../all; ${REST.replace('env -0', 'cat ../all')}`,
    shows: /^CF_COMPARE_MARK=/m,
  },
  {
    name: 'what the wrapper adds and takes away',
    script: String.raw`
      CRONFLOW_PING_TOKEN=secret; export CRONFLOW_PING_TOKEN; $RUN env >../all
      # What the issue names, and no more; the bare command is given the same by hand.
      sed -n 's/^\(CRONFLOW_[A-Z_]*\)=.*/\1/p' ../all | sort >../names
      for name in CRONFLOW_JOB CRONFLOW_RUN_ID; do grep -qx $name ../names || echo $name >>../names; done
      grep -vx CRONFLOW_PING_TOKEN ../names | sort; true`,
    shows: /^CRONFLOW_JOB\nCRONFLOW_RUN_ID\nCRONFLOW_SPOOL_DIR\nCRONFLOW_URL$/m,
  },
  {
    name: 'the token on no command line',
    script: String.raw`
      mkdir ../bin
      for name in printf env setsid timeout curl od tr rm dd; do
        printf '#!/bin/sh\necho "$0 $*" >>%s\nexec %s "$@"\n' "$PWD/../words" "$(PATH=/usr/bin:/bin command -v $name | grep / || echo /usr/bin/printf)" >../bin/$name
      done
      chmod +x ../bin/*; : >../words; PATH=$PWD/../bin:$PATH; export PATH
      CRONFLOW_PING_TOKEN=of-the-test; export CRONFLOW_PING_TOKEN; $RUN sh -c 'echo ran'; $RUN sh -c 'echo ran'
      grep -c of-the-test ../words; true`,
    shows: /^ran\nran$/m,
    reports: [0, 0],
  },
  {
    name: 'names and values that a shell would lose or change',
    script: `
      env spring.datasource.url=x a-b=c 1x=y '=odd' 'BASH_FUNC_f%%=() { echo f; }' cf_url=mine cf_job=mine cf_token=t \\
        IFS=abc PS4='+ ' OPTIND=7 OPTARG=z LINENO=3 RANDOM=abc SECONDS=30 UID=7 EUID=8 PPID=1 HOSTNAME=h OLDPWD=/none \\
        PWD=/wrong SHLVL=9 _=under TMOUT=1 CDPATH=/ GLOBIGNORE='*' POSIXLY_CORRECT=1 LC_ALL=C LANG=xx TZ=Asia/Tokyo \\
        'nl=a
b' "bytes=$(printf '\\377\\200')" empty= 'space= x ' KSH_VERSION=k BASH_VERSION=none BASH=no FPATH=/f COLUMNS=3 LINES=4 \\
        HISTFILE=/h MAIL=/m PS1=p FUNCNAME=f GROUPS=g DIRSTACK=d BASHPID=1 EPOCHSECONDS=1 REPLY=r a=1 i=2 line=3 name=4 \\
        PGRP=1 OPTERR=0 PIPESTATUS=p PATHSEP=x USER_ID=u KSHGID=k KSHEGID=l COMP_WORDBREAKS=c LC_CTYPE=C \\
        $RUN env -0 >../all; ${REST.replace('env -0', 'cat ../all')}`,
    shows: /spring\.datasource\.url=x/,
  },
  {
    // Without a PATH no env is found that could take away the PWD, _, SHLVL and A__z which some shells export.
    name: 'no environment at all, and no PATH',
    script: String.raw`
      url=$CRONFLOW_URL
      env -i "CRONFLOW_URL=$url" $RUN /usr/bin/env 2>/dev/null | grep -v -e '^CRONFLOW_' -e '^PWD='
      env -i PATH= "CRONFLOW_URL=$url" $RUN /usr/bin/env 2>/dev/null | grep -v -e '^CRONFLOW_' -e '^PWD=' -e '^_=' -e '^SHLVL=' -e '^A__z='
      hush env -u PATH $RUN /bin/sh -c 'echo ran'`,
    shows: /^PATH=$/m,
    reports: null,
  },
  {
    name: 'no HOME, no TMPDIR; ones that are not there; ones that are odd',
    script: String.raw`
      env -u HOME -u TMPDIR -u CRONFLOW_SPOOL_DIR $RUN sh -c 'echo 1'
      env HOME=/none TMPDIR=/none CRONFLOW_SPOOL_DIR=/none/x/y $RUN sh -c 'echo 2 $HOME $TMPDIR'
      env HOME=rel TMPDIR=rel CRONFLOW_SPOOL_DIR=rel $RUN sh -c 'echo 3'
      mkdir '../a * b'; env HOME="$PWD/../a * b" TMPDIR="$PWD/../a * b" "CRONFLOW_SPOOL_DIR=$PWD/../a * b" $RUN sh -c 'echo 4'
      env HOME=/dev/null TMPDIR=/dev/null CRONFLOW_SPOOL_DIR=/dev/null $RUN sh -c 'echo 5'
      env HOME= TMPDIR= CRONFLOW_SPOOL_DIR= $RUN sh -c 'echo 6'`,
    shows: /^6$/m,
    reports: null,
  },
  functionsNamed(
    'the names that a script uses',
    "curl wget tee mktemp cat rm mkdir sleep date kill wait printf read command test '[' umask cd true false jobs ulimit id has say env",
    { 'bash --posix': 'bash that starts in posix mode says that it cannot take a function with the name [' },
  ),
  functionsNamed(
    'the names of special builtins',
    'exec exit export set unset eval trap shift return : break continue',
    {
      'bash --posix': 'bash that starts in posix mode ends where it finds such a function',
    },
  ),
  ...SHELLOPTS.map((options): Case => ({
    name: `SHELLOPTS=${options}`,
    script: String.raw`
        cat >../x.sh <<'END'
echo "$SHELLOPTS"; echo err >&2; false; echo "$undefined"; exit 3
END
        env SHELLOPTS=${options} PS4='+ ' $RUN sh ../x.sh; note $?`,
    shows: /^err$/m,
    reports: 3,
  })),
  {
    name: 'SHELLOPTS=xtrace whose trace goes to stdout by BASH_XTRACEFD',
    script: String.raw`env SHELLOPTS=xtrace BASH_XTRACEFD=1 PS4='+ ' $RUN sh -c 'echo out; exit 3'; note $?`,
    shows: /^out$/m,
    reports: 3,
  },
  {
    name: 'SHELLOPTS=verbose',
    script: String.raw`env SHELLOPTS=verbose $RUN sh -c 'echo "$SHELLOPTS"; echo err >&2; exit 3'; note $?`,
    shows: /^err$/m,
    reports: 3,
    except: { bash: VERBOSE, 'bash --posix': VERBOSE },
  },
  {
    name: 'SHELLOPTS=onecmd',
    script: String.raw`env SHELLOPTS=onecmd $RUN sh -c 'echo "$SHELLOPTS"; echo err >&2; exit 3'; note $?`,
    shows: /^err$/m,
    reports: 3,
    except: { bash: ONECMD, 'bash --posix': ONECMD },
  },
  {
    name: 'SHELLOPTS=noexec',
    script: String.raw`env SHELLOPTS=noexec $RUN sh -c 'echo "$SHELLOPTS"; echo err >&2; exit 3'; note $?`,
    shows: /^err$/m,
    reports: 3,
    except: { bash: NOEXEC, 'bash --posix': NOEXEC },
  },
  {
    name: 'limits of a shell: on functions that call functions, on processes, and on the programs and files that it finds',
    script: `
      for entry in FUNCNEST=1 JOBMAX=1 'EXECIGNORE=*' 'GLOBIGNORE=*/*' 'FIGNORE=*' FPATH=/usr/bin; do
        env "$entry" $RUN sh -c 'echo out; echo err >&2; exit 3'; note $?
        env "$entry" $RUN env | grep -e NEST -e JOBMAX -e IGNORE -e FPATH
      done`,
    shows: /^FPATH=/m,
    reports: [...Array.from({ length: 6 }, () => 0), ...Array.from({ length: 6 }, () => 3)],
  },
  {
    name: 'BASH_ENV and ENV that set options, aliases and variables',
    script: String.raw`
      cat >../rc <<'END'
set -e; set -u; set -f; set -a 2>/dev/null; IFS=/; alias curl=false kill=false 2>/dev/null; cf_url=rc; PATH_BEFORE=$PATH
unalias true 2>/dev/null || :
END
      env BASH_ENV=$PWD/../rc ENV=$PWD/../rc $RUN sh -c 'echo "$IFS" | od -c; echo $-; exit 4'; note $?`,
    shows: /^4$/m,
    reports: 4,
  },
  {
    name: 'BASH_ENV with aliases of the words that a script begins with, and with traps',
    script: String.raw`
      cat >../rc <<'END'
shopt -s expand_aliases; alias set=false unset=false command=false trap=false wait=false exec=false
builtin set -T; builtin trap 'echo ended' CHLD RETURN; builtin trap 'echo begins' DEBUG
END
      env BASH_ENV=$PWD/../rc $RUN sh -c 'echo out; exit 4'; note $?`,
    shows: /^out$/m,
    reports: 4,
  },
  {
    name: 'BASH_ENV that makes IFS readonly',
    script: String.raw`
      echo 'readonly IFS' >../rc; hush env BASH_ENV=$PWD/../rc $RUN sh -c 'echo out; exit 4'; note $?`,
    shows: /^4$/m,
    // bash can only run the command then.
    reports: null,
  },
  {
    name: 'BASHOPTS that change what a pattern is, and what meets none',
    script: String.raw`
      env BASHOPTS=failglob:nullglob:nocaseglob:nocasematch:dotglob:extglob:xpg_echo:execfail $RUN \
        sh -c 'echo "$BASHOPTS"; echo err >&2; exit 4'; note $?`,
    shows: /^failglob:/m,
    reports: 4,
  },
  {
    name: 'what systemd says to one process, and to another',
    script: String.raw`
      cat >../activate <<'END'
exec env LISTEN_FDS=1 LISTEN_PID=$$ WATCHDOG_PID=$$ "$@"
END
      look='for pid in $LISTEN_PID $WATCHDOG_PID; do [ "$pid" = $$ ] && echo mine; done; [ "$LISTEN_PID" = 1 ] && echo of 1; true'
      sh ../activate $RUN sh -c "$look"; LISTEN_PID=1 $RUN sh -c "$look"
      # With so many descriptors the command runs in the foreground of most shells.
      exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; sh ../activate $RUN sh -c "$look"`,
    shows: /mine\nmine\nof 1\nmine\nmine/,
    needs: ['/proc'],
    reports: [0, 0, 0],
  },
  {
    // The bare command has no time limit.
    name: 'descriptors 3 to 9 all taken, and a time limit',
    options: '--quiet --timeout 1s',
    script: String.raw`
      quiet; if [ -z "$RUN" ]; then note 143; exit 0; fi
      exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; $RUN sleep 300; note $?; exit 0`,
    shows: /^143$/m,
    needs: ['/proc'],
    reports: 143,
  },
  {
    name: 'descriptors: none but the three',
    script: String.raw`$RUN ls /proc/self/fd`,
    shows: /0\n1\n/,
    needs: ['/proc'],
  },
  {
    name: 'descriptors 3 to 9 all taken, and some beyond',
    script: String.raw`
      for fd in 3 4 5 6 7 8 9 10 11 12 20 63 200 254 255; do echo "file $fd" >f$fd; done
      bash -c 'exec 3<f3 4<f4 5<f5 6<f6 7<f7 8<f8 9<>f9 10<f10 11<f11 12<f12 20<f20 63<f63 200<f200 254<f254
        exec "$@"' bash $RUN sh -c 'ls -l /proc/self/fd | sed -n "s/.* \([0-9]*\) -> .*\(f[0-9]*\)$/\1 \2/p" | sort -n
        for fd in 3 9 12 200 254; do cat /proc/self/fd/$fd; done; echo written >&9'`,
    shows: /^200 f200$/m,
    needs: ['bash', '/proc'],
  },
  {
    name: 'few descriptors',
    script: String.raw`
      for limit in 16 24; do
        (ulimit -n $limit; exec env $RUN /bin/echo "limit $limit") 2>../e; note $?
      done`,
    shows: /limit 16/,
    reports: null,
    except: { ksh93: 'ksh93 crashes by itself with so few' },
  },
  {
    name: 'the lock of an outer flock is released when the command ends',
    script: String.raw`
      flock ../l $RUN sh -c 'echo 1'; flock -n ../l true; note $?
      exec 9>../l2; flock 9; $RUN sh -c 'echo 2'; exec 9>&-; flock -n ../l2 true; note $?
      # Some shells cannot close such a descriptor, and a start that is on its way holds it for a moment.
      export CRONFLOW_NO_START=1
      bash -c 'exec 40>../l3 250>&40 255>&40; flock 40; exec "$@"' bash $RUN sh -c 'echo 3'; flock -n ../l3 true; note $?
      for fd in 3 4 5 6 7 8; do eval "exec $fd>../l4.$fd; flock $fd"; done
      $RUN sh -c 'flock -n ../l4.5 true || echo held'
      exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-; for fd in 3 4 5 6 7 8; do flock -n ../l4.$fd true; note $fd $?; done`,
    shows: /^held$/m,
    needs: ['flock', 'bash'],
    reports: [0, 0, 0, 0],
  },
];
