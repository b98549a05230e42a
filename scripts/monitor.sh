#!/bin/sh
# shellcheck disable=SC2015,SC2154,SC2261,SC2317,SC3040,SC3047
# In posix mode no function that the caller of bash exported stands in for set and unset. No alias and no trap of its
# BASH_ENV is followed either. bash and busybox sh ignore QUIT from their start on.
{ POSIXLY_CORRECT=1; \set +evxm; \unset -f unalias; \unalias -a; \trap - DEBUG RETURN ERR CHLD; \trap 'exit 131' QUIT; } \
  >&- 2>&-
#
# Runs a command and tells Cronflow when it starts and how it ends.
#
#   monitor.sh [OPTIONS] JOB [--] COMMAND [ARG...]
#
# POSIX sh (dash, bash, busybox, mksh, ksh93). Needs curl or wget; without them the command runs all the same.
# docs/wrapper.md has the rest.
#
# The result is the command's. Whatever of ours cannot be had (a process, a disk, a program, the monitor), the command
# runs without it. Where a shell ends because it cannot start a process, the trap on EXIT still runs the command.
#
# In order: prepare reads the options and sets the traps. main looks at this process and its streams, takes the lock and
# makes the pipes of the capture. run_command starts the command, and beside it the start ping, the time limit and the
# beats; it waits, and traps pass signals on. finish waits until all output is delivered, sends the end or keeps it in the
# spool, and removes what was made. What runs in a process of its own has a name that ends with _bg.
#
# Every variable begins with cf_. What the caller exported is given back to the command in become_command.

set +aefuvxCm
unset cf_token cf_url cf_environ
# With these a shell refuses to call functions, to find programs or files, or to start a second process.
unset FUNCNEST EXECIGNORE GLOBIGNORE FIGNORE FPATH JOBMAX
unset -f [ test printf echo read kill wait trap true umask command exec eval set shift export exit : return break continue \
  cd jobs ulimit false tr mkfifo tee tail cat rm mv dd wc ln mkdir sleep date od uname id curl wget env setsid \
  timeout flock perl shopt unset 2>&-
unset POSIXLY_CORRECT
# Why the command is run without anything of ours.
cf_bare=''
{ true >/dev/null; } 2>&- || cf_bare='/dev/null cannot be opened'
# In bash no pattern is an error that meets no file. A caller may export the name of a shell that this is not.
# shellcheck disable=SC3044 # bash
shopt -u failglob >&- 2>&- || unset BASH_VERSION
{ [ -z "${BASH_VERSION-}" ] && command -v typeset >/dev/null || unset KSH_VERSION; } 2>&-
# bash crashes where it copies the stdin from which it reads this script.
# shellcheck disable=SC3028 # bash
case ${BASH_VERSION:+bash}$- in
  bash*s*)
    cf_rest=$(cat 2>/dev/null)
    [ -z "$cf_rest" ] || exec "$BASH" -c "$cf_rest" "$0" "$@"
    ;;
esac
cf_nl='
'
# BASH_ENV of the caller may have made it readonly.
if unset IFS 2>&-; then IFS=" 	$cf_nl"; else cf_bare='IFS is readonly, by BASH_ENV'; fi

cf_signals='TERM INT HUP QUIT USR1 USR2 ALRM XCPU VTALRM PIPE ABRT PROF PWR WINCH TSTP CONT'
cf_attempt_s=10                # one attempt at a ping, where nobody waits for it
cf_nap_s_max=10                # of a process that would not hear that the wrapper is gone
cf_drain_cs=100                # centiseconds that a stream held open by what the command left behind is waited for
cf_spool_entries_max=1000
cf_torn_ms_max=180000          # 3 minutes: what is still not whole then is broken
cf_spool_age_ms_max=604800000  # 7 days: Cronflow clamps delay_ms there, so an older ping would be misdated
cf_output_bytes_max=100000
cf_answer_rate=500k            # of what a monitor answers, in bytes a second, and as it is sent a ping
cf_answer_bytes_max=20000
cf_reply_bytes_max=40000       # with what a client says of it: a shell takes minutes to look through a megabyte
cf_url_characters='abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:/?#[]@!$&()*+,;=%'
cf_pipe_bytes_max=2097152      # more than a pipe and a relay hold: after as much, all that was there has gone through

usage() {
  cat >&2 <<'USAGE'
usage: monitor.sh [OPTIONS] JOB [--] COMMAND [ARG...]

Runs COMMAND and tells Cronflow that JOB started and how it ended. The exit code is the command's.

  --timeout DURATION     end the command after 90s, 5m, 1h30m ... (TERM, then KILL)  CRONFLOW_TIMEOUT
  --kill-after DURATION  how long after TERM comes KILL (10s)                        CRONFLOW_KILL_AFTER
  --lock                 do not run while the same job is still running              CRONFLOW_LOCK=1
  --retry N              run the command again, up to N times, when it fails         CRONFLOW_RETRY
  --retry-delay D        how long to wait before each of these (0)                   CRONFLOW_RETRY_DELAY
  --success-codes LIST   exit codes that are a success, such as 0,24                 CRONFLOW_SUCCESS_CODES
  --stderr-is-failure    report a failure if anything was written to stderr          CRONFLOW_STDERR_IS_FAILURE=1
  --output-on-failure    hold the output back and print it only after a failure      CRONFLOW_OUTPUT_ON_FAILURE=1
  --beat DURATION        send a log ping as often while the command runs             CRONFLOW_BEAT
  --no-start             send no start ping                                          CRONFLOW_NO_START=1
  --no-output            do not send the end of the output                           CRONFLOW_NO_OUTPUT=1
  --env NAME             say where this is: the host is reported as "host [NAME]"    CRONFLOW_ENV
  --schedule CRON        declare the job before it starts (needs a full token)       CRONFLOW_SCHEDULE
  --grace DURATION       the grace of that declaration                               CRONFLOW_GRACE
  --quiet                print nothing to stderr                                     CRONFLOW_QUIET=1
  --dry-run              print what would be done; run and send nothing              CRONFLOW_DRY_RUN=1
  --help                 print this

Environment: CRONFLOW_URL (http://127.0.0.1:8000), CRONFLOW_JOB (with -- before COMMAND, in place of JOB),
CRONFLOW_PING_TOKEN or CRONFLOW_PING_TOKEN_FILE, CRONFLOW_SPOOL_DIR, CRONFLOW_END_WAIT (10s; 0: keep the end ping for
the next call), CRONFLOW_OUTPUT_BYTES (10000), CRONFLOW_DISABLE=1 (run the command, report nothing).
USAGE
}

say() { tell "cronflow: ${cf_job:-?}: $1"; }

# One line each: what a name or a value brings along must neither break a line nor reach a terminal as an order.
tell() {
  replace "$1" '[[:cntrl:]]' '?'
  cf_lines=$cf_lines$cf_text$cf_nl
  [ -n "$cf_collect" ] || say_collected
}

# Says the lines that were collected so far, and from now on each at once. Nobody may read the pipe, and the terminal may
# be halted, so no line goes there before the command has been started. A process of its own writes it, and what comes
# meanwhile waits until that has ended: the command and its tries are not held up.
say_collected() {
  cf_collect=''
  [ -n "$cf_lines" ] && [ -z "$cf_quiet" ] && [ -n "$cf_say_fd" ] || return 0
  [ -z "$cf_sayer" ] || ! is_ours "$cf_sayer" || return 0
  set -- "${cf_lines%"$cf_nl"}"
  cf_lines=''
  if [ -n "$cf_say_at_once" ]; then put "$1" >&"$cf_say_fd" 2>&-; return 0; fi
  (
    exec >&"$cf_say_fd"
    helper
    # Without /proc nobody sees whether it has ended.
    [ -e "$cf_proc/$$/stat" ] || ! has timeout || exec timeout -s KILL 5 printf '%s\n' "$1"
    put "$1"
  ) &
  cf_sayer=$!
  read_uptime
  cf_say_until_cs=$((cf_cs + 500))
  [ -e "$cf_proc/$$/stat" ] || await_said
}

# What cannot be said within 5 s has no reader: then nothing more is said. So long, because on a machine that is very
# busy a process takes seconds to start.
await_said() {
  while [ -n "$cf_sayer" ]; do
    cf_turn=0
    while is_ours "$cf_sayer"; do
      next_turn 0.05
      read_uptime
      [ "$cf_cs" -lt "$cf_say_until_cs" ] || { kill -s KILL "$cf_sayer" 2>/dev/null && break; }
    done
    wait_until_gone "$cf_sayer"
    cf_sayer=''
    # ksh93 counts from 256.
    case $cf_gone in 137 | 265) cf_quiet=1 ;; esac
    say_collected
  done
}

# replace TEXT PATTERN NEW: sets cf_text, in which NEW stands wherever the pattern was.
replace() {
  cf_text='' cf_rest=$1
  while :; do
    # shellcheck disable=SC2295 # patterns
    case $cf_rest in *$2*) cf_text=$cf_text${cf_rest%%$2*}$3 cf_rest=${cf_rest#*$2} ;; *) break ;; esac
  done
  cf_text=$cf_text$cf_rest
}

# Begins another turn of a wait. The first turns take no process, because most waits are short.
next_turn() {
  cf_turn=$((cf_turn + 1))
  [ "$cf_turn" -le 20 ] || doze "$1"
}

# A shell that can start no process would end here.
doze() { [ -n "$cf_alone" ] || hush sleep "$1"; }

has() { command -v "$1" >/dev/null 2>&1; }

# Whatever a program of ours prints is none of the command's output.
hush() { "$@" >/dev/null 2>&1; }

# Prints a line. Where printf is a program, as in mksh, its words are seen by all; there print is none.
if [ -n "${KSH_VERSION-}" ]; then put() { print -r -- "$1"; }; else put() { printf '%s\n' "$1"; }; fi

# --- Options ---------------------------------------------------------------------------------------------------

# Each option is read from the environment first; cf_from_NAME remembers where the value that counts was given.
cf_options='timeout:TIMEOUT kill_after:KILL_AFTER lock:LOCK retry:RETRY retry_delay:RETRY_DELAY quiet:QUIET beat:BEAT
  success_codes:SUCCESS_CODES stderr_is_failure:STDERR_IS_FAILURE output_on_failure:OUTPUT_ON_FAILURE env:ENV
  no_start:NO_START no_output:NO_OUTPUT schedule:SCHEDULE grace:GRACE dry_run:DRY_RUN disable:DISABLE
  end_wait:END_WAIT output_bytes:OUTPUT_BYTES'

read_environment() {
  for cf_pair in $cf_options; do
    eval "cf_${cf_pair%:*}=\${CRONFLOW_${cf_pair#*:}-} cf_from_${cf_pair%:*}=CRONFLOW_${cf_pair#*:}"
  done
  cf_url=${CRONFLOW_URL:-http://127.0.0.1:8000}
  while [ "${cf_url%/}" != "$cf_url" ]; do cf_url=${cf_url%/}; done
  # The token leaves the environment before anything is started.
  cf_token=${CRONFLOW_PING_TOKEN-}
  unset CRONFLOW_PING_TOKEN
}

# parse ARG...: sets cf_words, how many arguments precede the command.
parse() {
  cf_words=0 cf_job='' cf_has_job='' cf_unknown=''
  while [ $# -gt 0 ]; do
    cf_took=1
    case $1 in
      --)
        # Where no JOB came before it, CRONFLOW_JOB names the job.
        [ -n "$cf_has_job" ] || [ -z "${CRONFLOW_JOB-}" ] || cf_job=$CRONFLOW_JOB cf_has_job=1
        if [ -n "$cf_has_job" ]; then
          cf_words=$((cf_words + 1))
          return
        fi
        ;;
      -?*) parse_option "$@" ;;
      *)
        # The first plain word is the job, the second begins the command.
        [ -z "$cf_has_job" ] || return
        cf_has_job=1 cf_job=$1
        ;;
    esac
    shift "$cf_took"
    cf_words=$((cf_words + cf_took))
  done
}

# parse_option OPTION [VALUE]...: sets cf_took, how many arguments it was.
parse_option() {
  case $1 in
    --lock | --no-output | --no-start | --output-on-failure | --stderr-is-failure | --quiet | --dry-run)
      set_option "$1" 1
      return
      ;;
    --help | -h) cf_say_at_once=1 && say_collected && usage && exit 0 ;;
  esac
  case ${1%%=*} in
    --timeout | --kill-after | --retry | --retry-delay | --success-codes | --beat | --env | --schedule | --grace)
      case $1 in
        *=*) set_option "${1%%=*}" "${1#*=}" ;;
        *) case ${2---} in --) set_option "$1" '' ;; *) cf_took=2 && set_option "$1" "$2" ;; esac ;;
      esac
      ;;
    "$1") cf_unknown=$1 ;;
    *) say "unknown option ${1%%=*}, ignored" ;;
  esac
}

set_option() {
  replace "${1#--}" - _
  cf_value=${2:-nothing}
  eval "cf_$cf_text=\$cf_value cf_from_$cf_text=$1"
}

# find_command ARG...: leaves in cf_words how many arguments to drop, or ends with the usage. A mistake in an option
# keeps the command from running only where nobody can tell what the command is.
find_command() {
  parse "$@"
  if [ -n "$cf_unknown" ]; then
    say "unknown option $cf_unknown, ignored"
    find_separator "$@" || refuse "after an unknown option the command must follow --"
  fi
  [ -n "$cf_has_job" ] || refuse "no JOB"
  [ "$cf_words" -lt $# ] || refuse "no COMMAND"
}

# The value of an unknown option may have been taken for the job: what stands right before -- is the job, unless the
# job came before the option.
find_separator() {
  cf_words=0 cf_last='' cf_first=$1
  for cf_word in "$@"; do
    cf_words=$((cf_words + 1))
    if [ "$cf_word" = -- ]; then
      case $cf_first in -*) cf_job=$cf_last ;; *) cf_job=$cf_first ;; esac
      case $cf_job in '' | -*) return 1 ;; esac
      cf_has_job=1
      return 0
    fi
    cf_last=$cf_word
  done
  return 1
}

refuse() {
  switch quiet
  cf_say_at_once=1
  say_collected
  printf 'cronflow: %s\n' "$1" >&2
  usage
  exit 2
}

# switch NAME: an unclear word counts as no: a typo must not keep a job from running.
switch() {
  eval "cf_value=\$cf_$1 cf_name=\$cf_from_$1 cf_$1=''"
  case $cf_value in
    1 | true | yes | on | TRUE | True) eval "cf_$1=1" ;;
    '' | 0 | false | no | off | FALSE | False) ;;
    *) say "$cf_name=$cf_value is neither 1 nor 0, ignored" ;;
  esac
}

# seconds NAME DEFAULT WITHOUT: replaces a duration such as 90s or 1h30m by its seconds; a bare number counts as seconds.
seconds() {
  eval "cf_value=\$cf_$1 cf_name=\$cf_from_$1 cf_$1=$2"
  [ -n "$cf_value" ] || return 0
  if count_seconds "$cf_value"; then eval "cf_$1=$cf_seconds"; return; fi
  say "$cf_name: '$cf_value' is not a duration such as 90s, 5m or 1h30m; $3"
}

count_seconds() {
  cf_left=$1 cf_seconds=0 cf_unit_s_max=999999
  case $1 in '' | *[!0-9dhms]* | [dhms]* | *[dhms][dhms]*) return 1 ;; esac
  case $1 in *[!0-9]*) ;; *) cf_left=${1}s ;; esac
  while [ -n "$cf_left" ]; do
    cf_number=${cf_left%%[dhms]*}
    cf_rest=${cf_left#"$cf_number"}
    cf_left=${cf_rest#?}
    case $cf_rest in d*) cf_unit_s=86400 ;; h*) cf_unit_s=3600 ;; m*) cf_unit_s=60 ;; s*) cf_unit_s=1 ;; *) return 1 ;; esac
    [ "$cf_unit_s" -lt "$cf_unit_s_max" ] && [ ${#cf_number} -le 9 ] || return 1
    cf_unit_s_max=$cf_unit_s
    # A leading zero would make the shell read an octal number.
    while [ "${cf_number#0?}" != "$cf_number" ]; do cf_number=${cf_number#0}; done
    cf_seconds=$((cf_seconds + cf_number * cf_unit_s))
  done
  [ "$cf_seconds" -gt 0 ]
}

number() {
  eval "cf_value=\$cf_$1 cf_name=\$cf_from_$1 cf_$1=$2"
  case $cf_value in
    '') ;;
    *[!0-9]* | 0?* | ????????*) say "$cf_name: '$cf_value' is not a number of $3; using $2" ;;
    *) eval "cf_$1=$cf_value" ;;
  esac
}

check_options() {
  for cf_switch in quiet lock no_output no_start output_on_failure stderr_is_failure dry_run disable; do
    switch "$cf_switch"
  done
  seconds timeout '' 'running without a time limit'
  seconds kill_after 10 'using 10s'
  seconds beat '' 'sending none'
  case $cf_retry_delay in 0 | 0s) cf_retry_delay='' ;; esac
  seconds retry_delay 0 'waiting not at all'
  case $cf_end_wait in 0 | 0s) cf_end_wait=0 ;; *) seconds end_wait 10 'using 10s' ;; esac
  number retry 0 times
  number output_bytes 10000 bytes
  [ "$cf_output_bytes" -le "$cf_output_bytes_max" ] || cf_output_bytes=$cf_output_bytes_max
  [ "$cf_output_bytes" -gt 0 ] || cf_no_output=1 cf_output_bytes=1
  case $cf_success_codes in
    *[!0-9,]* | *,,* | ,* | *,)
      say "$cf_from_success_codes: '$cf_success_codes' is not a list such as 0,24; the exit code decides"
      cf_success_codes=''
      ;;
  esac
  case $cf_job in
    '') say "the job's name is empty: running the command, reporting nothing" && cf_disable=1 ;;
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) say "not a valid job name (letters, digits, . _ -)" ;;
  esac
}

# --- This process ----------------------------------------------------------------------------------------------

# Reads what the command must find again: the environment it would have had bare, the mask, the ignored signals.
look_around() {
  cf_ignored=0 cf_umask='' cf_key='' cf_unheard=''
  # In a PID namespace without a /proc of its own, it tells of other processes under our numbers.
  { read -r cf_key cf_rest </proc/self/stat; } 2>/dev/null && [ "$cf_key" = "$$" ] && cf_proc=/proc
  cf_fds=/proc/self/fd
  [ -e "$cf_fds" ] || cf_fds=/dev/fd
  kind_of 2
  # A file waits for no reader, nor does /dev/null. What is said to a file later could be taken for the command's.
  case $cf_kind in
    file | own) [ -t 2 ] || { cf_say_at_once=1 && say_collected; } ;;
  esac
  find_given_fds
  look_at_streams
  find_starters
  {
    while read -r cf_key cf_value; do
      case $cf_key in
        Umask:) cf_umask=$cf_value ;;
        SigBlk:) cf_unheard=$cf_value ;;
        SigIgn:) cf_ignored=$cf_value && break ;;
      esac
    done </proc/self/status
  } 2>/dev/null
  # What ends a helper that cannot hear URG.
  case $cf_unheard:$cf_ignored in *[4-7c-f]?????:* | *:*[4-7c-f]?????) cf_unheard=KILL cf_nap_s_max=1 ;; *) cf_unheard='' ;; esac
  [ -n "$cf_umask" ] || cf_umask=$(umask)
  # All files of ours are for this user alone.
  umask 077
  cf_host=''
  { read -r cf_host </proc/sys/kernel/hostname; } 2>/dev/null || { take uname -n && cf_host=$cf_taken; }
  cf_boot=''
  { read -r cf_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  cf_rid=''
  { read -r cf_rid </proc/sys/kernel/random/uuid; } 2>/dev/null || cf_rid=$(od -An -N16 -tx1 /dev/urandom 2>/dev/null | tr -d ' \n')
  case $cf_rid in '' | *[!0-9a-f-]*) read_wall && cf_rid=$cf_wall_ms-$$ ;; esac
}

# The command is started by env and setsid, so both must show first that they run what they are given: they do so by
# reading the environment that the command would have had bare. The same call shows whether env can restore a signal that
# a shell ignores in the background.
find_starters() {
  cf_environ='' cf_env_signals='' cf_setsid='' cf_first='' cf_taken=''
  for cf_starter in 'env --default-signal=INT,QUIT setsid --' 'env setsid --' 'env --default-signal=INT,QUIT' env 'setsid --'; do
    [ -r /proc/self/environ ] || break
    case $cf_starter in *setsid*) has setsid || continue ;; esac
    # A signal may break it off.
    for cf_turn in 1 2 3; do
      cf_interrupted=''
      # shellcheck disable=SC2086 # several
      { take read_environ $cf_starter </proc/self/environ; } 2>/dev/null
      ! is_environ && [ -n "$cf_interrupted" ] || break
    done
    is_environ || continue
    case $cf_starter in env*) cf_environ=$cf_taken ;; esac
    case $cf_starter in *default*) cf_env_signals=1 ;; esac
    case $cf_starter in *setsid*) cf_setsid=1 ;; esac
    return
  done
  ! has setsid || { take setsid -- echo yes; } 2>/dev/null
  [ "$cf_taken" != yes ] || cf_setsid=1
}

# Says whether cf_taken is the environment. Most have a PATH; of the others the shell itself reads the beginning, byte by
# byte and past the one that ends the first variable.
is_environ() {
  case $cf_nl$cf_taken in *"${cf_nl}PATH=${PATH%%[[:cntrl:]]*}"*) return ;; esac
  [ -n "$cf_first" ] || { IFS= read -r cf_first </proc/self/environ; } 2>/dev/null
  cf_line=${cf_taken%%[[:cntrl:]]*}
  case $cf_first in "${cf_line:-$cf_nl}"*) ;; *) return 1 ;; esac
}

# This process must have opened it: one that becomes another program reads nothing more of its old environment.
read_environ() { LC_ALL=C exec "$@" tr '\000\n' '\n\001'; }

# take COMMAND ARG...: sets cf_taken to what it prints. ksh93 keeps what it substitutes in a file. Where that may not
# grow, it reads from a process, after which it forgets some exit codes. bash forgets an INT that comes as it waits for what
# it substitutes, so before the command has been started it reads from a process as well. The others cannot read
# these lines.
take() {
  case ${KSH_VERSION-} in
    '' | *MIRBSD*) ;;
    *) [ "$(ulimit -f)" = unlimited ] || { eval 'take_lines < <("$@")' && return; } ;;
  esac
  if [ "$cf_stage" != early ]; then cf_taken=$("$@"); return; fi
  # shellcheck disable=SC3028 # bash
  if [ "${BASH_VERSINFO:-0}" -ge 5 ] && [ -e /dev/fd/0 ]; then
    eval 'IFS= read -r -N 999999999 cf_taken < <("$@")'
    drop_line_ends
    # Where it could start no process, the substitution ends bash, and the trap on EXIT runs the command.
    [ -z "$cf_taken" ] || return 0
  fi
  # mksh runs the trap on EXIT with the pipe of a substitution at 1 that met no process.
  find_free_fd || { cf_taken=$("$@"); return; }
  cf_out_fd=$cf_fd
  eval "exec $cf_out_fd>&1"
  cf_taken=$("$@")
  eval "exec $cf_out_fd>&-"
  cf_out_fd=''
}

take_lines() {
  cf_taken=''
  while :; do
    # A signal may break it off.
    if IFS= read -r cf_line; then cf_taken=$cf_taken$cf_line$cf_nl; elif [ "$?" -le 128 ]; then break; fi
  done
  cf_taken=$cf_taken$cf_line
  drop_line_ends
}

drop_line_ends() {
  while [ "${cf_taken%"$cf_nl"}" != "$cf_taken" ]; do cf_taken=${cf_taken%"$cf_nl"}; done
}

# Sets cf_cs, centiseconds since boot: no clock that is set meanwhile can make a duration wrong, and no process is
# started for it. Without /proc it counts from 1970.
read_uptime() {
  cf_cs='' cf_up=''
  { read -r cf_up cf_rest </proc/uptime; } 2>/dev/null
  # To calculate with anything else would end the shell.
  case $cf_up in '' | .* | *. | *[!0-9.]* | *.*.*) ;; *.*) cf_cs=$((${cf_up%.*} * 100 + 1${cf_up#*.} - 100)) ;; esac
  [ -n "$cf_cs" ] || { read_wall && cf_cs=${cf_wall_ms%?} && cf_cs=${cf_cs:-0}; }
}

# Sets cf_wall_ms, which is 0 where no date says it. Not every date knows %3N.
read_wall() {
  { take date +%s%3N; } 2>/dev/null
  case $cf_taken in *[!0-9]* | '' | ??????????) { take date +%s && cf_taken=${cf_taken}000; } 2>/dev/null ;; esac
  case $cf_taken in *[!0-9]* | '' | 0*) cf_wall_ms=0 ;; *) cf_wall_ms=$cf_taken ;; esac
}

# The shells calculate with such a number, and mksh with what is left of it (see since).
is_number() {
  case $1 in *[!0-9]* | 0?* | '' | ???????????????*) return 1 ;; esac
}

# since MILLISECONDS: sets cf_since_ms, how long before cf_wall_ms that was: 0 for what is later, and for what is older than
# a ping may be a little more than that. mksh counts to 2^31 only, so it is given seconds first.
since() {
  cf_since_ms=0
  cf_since_s=$((${cf_wall_ms%???} - ${1%???}))
  if [ "$cf_since_s" -gt $((cf_spool_age_ms_max / 1000)) ]; then cf_since_ms=$((cf_spool_age_ms_max + 1))
  elif [ "$cf_since_s" -ge 0 ]; then
    cf_since_ms=$((cf_since_s * 1000 + 1${cf_wall_ms#"${cf_wall_ms%???}"} - 1${1#"${1%???}"}))
    [ "$cf_since_ms" -gt 0 ] || cf_since_ms=0
  fi
}

# Sets cf_state and cf_parent of a process; fails if there is none.
read_process() {
  cf_state='' cf_parent=''
  { IFS= read -r cf_stat <"$cf_proc/$1/stat"; } 2>/dev/null || return 1
  cf_stat=${cf_stat##*") "}
  cf_state=${cf_stat%% *} cf_stat=${cf_stat#* }
  cf_parent=${cf_stat%% *}
}

is_running() {
  read_process "$1" || return 1
  case $cf_state in Z | X) return 1 ;; esac
}

# Says whether a process runs, also one of another user (sudo, su), whom kill may not signal. Who sees the first process in
# /proc sees all; elsewhere the words of kill tell.
is_there() {
  ! is_running "$1" || return 0
  [ -z "$cf_state" ] && [ ! -r "$cf_proc/1/stat" ] || return 1
  case $(LC_ALL=C; export LC_ALL; kill -0 "$1" 2>&1 && echo yes) in yes | *ermi*) ;; *) return 1 ;; esac
}

# Sets the masks of a process's signals, in hexadecimal: cf_waiting has those that were sent and not yet handled,
# cf_ignores and cf_catches those that it ignores and catches. All are empty where that cannot be read.
read_signals() {
  cf_waiting='' cf_ignores='' cf_catches=''
  {
    while read -r cf_key cf_value; do
      case $cf_key in
        SigPnd: | ShdPnd:) cf_waiting=$cf_waiting$cf_value ;;
        SigIgn:) cf_ignores=$cf_value ;;
        SigCgt:) cf_catches=$cf_value ;;
      esac
    done <"$cf_proc/$1/status"
  } 2>/dev/null
}

# Says whether a process that we started is still there; its id may have gone to another one.
is_ours() { is_running "$1" && [ "$cf_parent" = "$$" ]; }

# Tells a process from a later one with the same id, also after a reboot.
identity() {
  cf_birth=''
  read_process "$1" || return 0
  # shellcheck disable=SC2086 # split on purpose
  set -- $cf_stat
  shift 18
  cf_birth=$1
}

# Sets cf_fd to a descriptor nobody uses. Of these shells only bash and busybox know more than one digit.
find_free_fd() {
  for cf_fd in 9 8 7 6 5 4 3 ${BASH_VERSION:+19 18 17 16 15}; do
    { true >&"$cf_fd"; } 2>/dev/null || return 0
  done
  cf_fd=''
  return 1
}

# What the caller passes on from 3 to 9.
find_given_fds() {
  cf_given_fds=''
  for cf_fd in 3 4 5 6 7 8 9; do
    { true >&"$cf_fd"; } 2>/dev/null && cf_given_fds="$cf_given_fds $cf_fd"
  done
}

# What the caller passes on (an outer flock's descriptor, a socket) is the command's. A process of ours that kept it
# would hold that lock after the job. The descriptors that are named stay.
close_inherited() {
  for cf_fd in 3 4 5 6 7 8 9 $cf_high_fds \
    $cf_in_fd $cf_out_fd $cf_say_fd $cf_err_fd $cf_pipe_fd $cf_real_fd $cf_held $cf_lock_fd $cf_code_fd; do
    case " 0 1 2 $* " in *" $cf_fd "*) ;; *) eval "exec $cf_fd>&-" ;; esac
  done
}

# Finds what the caller passes on above 9. dash, mksh and ksh93 cannot close these: cf_may_stay is empty then, and no
# process of ours may outlive the command.
find_high_fds() {
  cf_high_fds='' cf_may_stay=1
  for cf_path in "$cf_fds"/[1-9][0-9]*; do
    cf_fd=${cf_path##*/}
    case $cf_fd in *[!0-9]*) continue ;; esac
    [ -e "$cf_path" ] || continue
    # What is closed as a program starts (O_CLOEXEC) has been opened by this shell.
    read_pos "$cf_fd" || :
    # shellcheck disable=SC3013 # where -ef is unknown, the shell's own script counts as the caller's
    case $cf_flags:$cf_fd in *[2367]??????:*) continue ;; :25[0-9]) continue ;; :*) [ ! "$cf_path" -ef "$0" ] || continue ;; esac
    if [ -n "${BASH_VERSION-}" ]; then cf_high_fds="$cf_high_fds $cf_fd"; else cf_may_stay=''; fi
  done
}

# Nothing of ours keeps a file system from being unmounted. The programs that PATH finds from here are still found.
leave_directory() {
  case :${PATH:-/}: in
    *:[!/]*)
      cf_rest=$PATH: cf_text=''
      while [ -n "$cf_rest" ]; do
        cf_path=${cf_rest%%:*} cf_rest=${cf_rest#*:}
        case $cf_path in /*) ;; *) cf_path=$PWD/$cf_path ;; esac
        cf_text=$cf_text:$cf_path
      done
      PATH=${cf_text#:}
      ;;
  esac
  hush cd /
}

# --- Streams ---------------------------------------------------------------------------------------------------
#
# own    the command gets the very descriptor: a terminal, /dev/null, any other device
# file   likewise; what this run wrote is read from the file afterwards
# relay  a pipe or a socket: the command writes to a pipe of ours, and a relay passes it on
# same   stderr is the same pipe or file as stdout, so one relay or one reading serves both, in order
# closed

kind_of() {
  cf_kind=own
  if [ "$1" = 2 ]; then true 9>&2; else { true 9>&"$1"; } 2>/dev/null; fi || { cf_kind=closed && return; }
  # bash puts the script there.
  # shellcheck disable=SC3013 # asked for in bash only
  if [ "$1" = 2 ] && [ -n "${BASH_VERSION-}" ] && [ "$cf_fds/2" -ef "$0" ]; then cf_kind=closed && return; fi
  [ ! -t "$1" ] || return 0
  if [ -f "$cf_fds/$1" ] || [ -b "$cf_fds/$1" ]; then cf_kind='file'; fi
  if [ -p "$cf_fds/$1" ] || [ -S "$cf_fds/$1" ]; then cf_kind=relay; fi
}

look_at_streams() {
  kind_of 0 && cf_in=$cf_kind
  kind_of 1 && cf_out=$cf_kind
  kind_of 2 && cf_err=$cf_kind
  # shellcheck disable=SC3013 # where -ef is unknown the streams are treated separately
  case $cf_out$cf_err in
    relayrelay | filefile)
      if [ ! "$cf_fds/1" -ef "$cf_fds/2" ]; then :
      elif [ -z "$cf_stderr_is_failure" ]; then cf_err=same
      elif [ "$cf_err" = file ]; then cf_err=relay cf_err_in_out=1; fi
      ;;
  esac
  if [ "$cf_in" != closed ] && find_free_fd; then eval "exec $cf_fd<&0" && cf_in_fd=$cf_fd; fi
  # Our own messages go past the relay, and what a shell says of a killed command goes nowhere.
  if [ "$cf_err" = closed ]; then cf_say_fd='' cf_err_fd=''
  elif find_free_fd; then eval "exec $cf_fd>&2" && cf_say_fd=$cf_fd cf_err_fd=$cf_fd; fi
  # A process that we start must not find its pipe at 0, 1 or 2.
  if [ -c /dev/null ]; then
    [ "$cf_in" != closed ] || exec </dev/null
    [ "$cf_out" != closed ] || exec >/dev/null
    [ "$cf_say_fd" = 2 ] || exec 2>/dev/null
  fi
}

# Files of this run that only we can read: NAME.out, NAME.err, NAME.cap are pipes, NAME.tail is the kept tail. The
# names hold host, process and when the first process began, so that what a killed wrapper left can be swept: a process
# id says nothing in another PID namespace, whose first process began at another time.
plan_capture() {
  cf_run='' cf_relays='' cf_tail_pid='' cf_keeper=''
  cf_tmp=${TMPDIR:-/tmp}
  case $cf_tmp in /*) ;; *) cf_tmp=/tmp ;; esac
  if [ -d "$cf_tmp" ] && [ -w "$cf_tmp" ] && has rm; then
    identity 1
    cf_run=$cf_tmp/cronflow-run-$cf_host-${cf_birth:-0}-$$-$cf_rid
    # Who sees no processes cannot tell which namespace a name is from.
    [ "$cf_proc" != /proc ] || sweep "${cf_run%"$$-$cf_rid"}"
  fi
  if [ -z "$cf_run" ] || { [ -n "$cf_no_output" ] && [ -z "$cf_stderr_is_failure$cf_output_on_failure" ]; }; then
    leave_streams && return
  fi
  [ -z "$cf_output_on_failure" ] || hold_output
  [ -z "$cf_stderr_is_failure" ] || [ "$cf_err" != own ] || cf_err=relay
  case $cf_out$cf_err in *relay*) start_relays || leave_streams ;; esac
  mark_file 1 "$cf_out" && cf_out_from=$cf_pos
  mark_file "$cf_say_fd" "$cf_err" && cf_err_from=$cf_pos
}

# Nothing is captured.
leave_streams() {
  [ "$cf_out" = closed ] || cf_out=own
  [ "$cf_err" = closed ] || cf_err=own
}

sweep() {
  for cf_left in "$1"*; do
    cf_owner=${cf_left#"$1"}
    cf_owner=${cf_owner%%-*}
    case $cf_owner in '' | *[!0-9]*) continue ;; esac
    [ -O "$cf_left" ] && ! kill -0 "$cf_owner" 2>/dev/null && hush rm -rf "$cf_left"
  done
}

# For --output-on-failure the streams lead to a file of ours; the real stdout waits at cf_held. perl writes the file, so
# that a full disk meets the output and not the command.
hold_output() {
  case $cf_out$cf_err in *closed*) return ;; esac
  if find_free_fd && { true >"$cf_run.held"; } 2>/dev/null; then
    eval "exec $cf_fd>&1"
    cf_held=$cf_fd cf_out=file cf_err=same cf_err_fd=1
    [ -z "$cf_stderr_is_failure" ] || cf_err=relay cf_err_in_out=1
    if has perl; then cf_out=relay cf_err_in_out=''; fi
    exec >>"$cf_run.held"
  else
    say "--output-on-failure: the output cannot be held back"
  fi
}

# mark_file FD KIND: sets cf_pos, from where on the file is this run's. What is written in append mode goes to its end,
# wherever the descriptor stands.
mark_file() {
  cf_pos=''
  [ "$2" = file ] || return 0
  read_pos "$1" || return 0
  case $cf_flags in
    *[2367]???)
      cf_pos=0
      # The file is opened before mksh puts the pipe of the substitution where it was.
      [ ! -s "$cf_fds/$1" ] || { { take wc -c; } <"$cf_fds/$1" && cf_pos=${cf_taken##* }; } 2>/dev/null || cf_pos=''
      case $cf_pos in *[!0-9]*) cf_pos='' ;; esac
      ;;
  esac
}

read_pos() {
  cf_pos='' cf_flags=''
  [ -r "/proc/self/fdinfo/$1" ] || return 1
  # No redirection of stderr here: it would be the descriptor that is looked at.
  while read -r cf_key cf_value; do
    case $cf_key in pos:) cf_pos=$cf_value ;; flags:) cf_flags=$cf_value && break ;; esac
  done <"/proc/self/fdinfo/$1"
  [ -n "$cf_pos" ]
}

# Starts what reads before what writes: from here on our own stdout and stderr are the pipes that the command inherits.
# No pipe is opened in a way that waits for its other end: a signal would break that off, and one to the whole group may
# have ended who should come. So each is held open both ways until all have it.
start_relays() {
  has mkfifo && has tee && has tail && has cat || return 1
  [ "$cf_say_fd" != 2 ] && [ -c /dev/null ] && find_free_fd || return 1
  mkfifo "$cf_run.out" "$cf_run.err" "$cf_run.cap" >/dev/null 2>&1
  [ -p "$cf_run.out" ] && [ -p "$cf_run.err" ] && [ -p "$cf_run.cap" ] || return 1
  cf_pipe_fd=$cf_fd
  exec 2<>"$cf_run.cap"
  # A relay that is alone keeps the tail itself, and so does the one that holds the output back.
  case ${cf_held:+held}$cf_out$cf_err$cf_stderr_is_failure in
    heldrelay*) cf_keeper=relay ;;
    relayrelay* | *1) ;;
    *) ! has perl || cf_keeper=relay ;;
  esac
  [ -n "$cf_keeper" ] || start_tail
  cf_helpers=$cf_tail_pid
  if [ "$cf_out" = relay ]; then
    # The real stdin waits elsewhere, so the pipe is held there: a relay in the background finds /dev/null at 0. The real
    # stdout stays ours until no process is missing.
    eval "exec $cf_pipe_fd<>\"\$cf_run.out\" <&$cf_pipe_fd"
    (relay_bg out) &
    cf_relays=$!:out cf_helpers="$cf_helpers $!"
  fi
  if [ "$cf_err" = relay ]; then
    eval "exec $cf_pipe_fd<>\"\$cf_run.err\""
    (relay_bg err) &
    cf_relays="$cf_relays $!:err" cf_helpers="$cf_helpers $!"
    eval "exec $cf_pipe_fd>\"\$cf_run.err\""
    cf_err_fd=$cf_pipe_fd
  else
    eval "exec $cf_pipe_fd>&-"
    cf_pipe_fd=''
  fi
  # Where no process is left for the command, it takes the real streams back (see on_exit).
  cf_relay_pids=$cf_helpers cf_helpers=''
  if [ "$cf_out" = relay ] && [ -z "$cf_held" ]; then
    if find_free_fd; then cf_real_fd=$cf_fd && eval "exec $cf_real_fd>&1"; else cf_relay_pids=''; fi
  fi
  [ "$cf_out" != relay ] || exec >"$cf_run.out"
  exec </dev/null 2>/dev/null
  [ "$cf_err" != same ] || cf_err_fd=1
}

# Where it cannot be written the tail is lost, but its pipe must still have a reader.
start_tail() {
  (
    helper
    exec <"$cf_run.cap" 2>/dev/null
    if true 2>/dev/null >"$cf_run.tail"; then exec tail -c "$cf_output_bytes" >"$cf_run.tail"; fi
    exec cat >/dev/null
  ) &
  cf_tail_pid=$! cf_keeper=tail
}

# Every process beside the command: no signal that is meant for the command ends it, and it holds nothing of the caller's.
helper() {
  ignore_signals
  close_inherited
  leave_directory
}

ignore_signals() {
  trap '' TERM INT HUP QUIT USR1 USR2 ALRM VTALRM XCPU ABRT PROF PWR TSTP XFSZ
  trap - EXIT
}

# The relay's copier where there is perl. Its input is stdin, its output is descriptor 5, and 4 takes the end of all that
# went through. It reads and writes until a pipe was full once. From then on tee(2) and splice(2) pass on the pages
# themselves, where the numbers of these two system calls are known, and only the end of each turn is read. A turn takes
# five calls, so what comes in pieces is given a moment to gather.
#
# What is written goes in parts that nothing else can come between, of whole lines where there are such. They may leave
# pages of the pipe half empty, and its reader may wait for the end. So a pipe that holds less than the usual 65536 bytes
# and has no page left gets more of them (F_SETPIPE_SZ), and takes no more bytes all the same: a command whose reader leaves
# must fail as it does bare. A select for reading ends where a pipe that we write to has no reader.
#
# The end is written down once nothing came for a moment: a pipe gets what is new, a file the whole of it. No call but
# those that wait for input looks as they do (see look_at_copier). Error 4 is a signal that came between, 11 a pipe that is
# full and does not block, 32 a reader that left. With any other one splice(2) cannot pass on pages here.
# shellcheck disable=SC2016 # perl's variables
cf_perl_copier='$SIG{PIPE} = "IGNORE"; open OUT, ">&=5" and open TAIL, ">&=4" or exit 1;
  binmode $_ for STDIN, OUT, TAIL;
  my $is_big = 0;
  my $is_usual = -p OUT && $^O eq "linux" && (fcntl OUT, 1032, 0) == 65536;
  my ($bytes, $held, $mark) = @ARGV;
  my ($data, $kept, $is_new, $in, $much, $room) = ("", "", 0, "", 65536, 1048576);
  my ($tee, $splice);
  vec($in, 0, 1) = 1;
  sub add {
    $kept = "" if length $data >= $bytes;
    $kept .= length $data > $bytes ? substr $data, -$bytes : $data;
    $kept = substr $kept, -$bytes if length $kept > $bytes;
    $is_new = 1;
  }
  sub keep {
    return unless $is_new;
    my $is_file = -f TAIL;
    sysseek TAIL, 0, 0 if $is_file;
    syswrite TAIL, $kept;
    $kept = "" unless $is_file;
    $is_new = 0;
  }
  sub end { keep(); exit $_[0] }
  sub wait_for_room {
    if ($! == 11) { vec(my $full = "", fileno OUT, 1) = 1; select undef, $full, undef, undef }
    elsif ($! != 4) { $held ? give_back() : end($! == 32 ? 71 : 72) }
  }
  sub give_back {
    my $path = $held;
    $held = "";
    close OUT;
    open OUT, ">&=6" and open HELD, "<", $path or end(72);
    while (sysread HELD, my $part, $much) { put($part) }
    truncate $path, 0;
  }
  sub find_page {
    vec(my $out = "", fileno OUT, 1) = 1;
    for (;;) {
      my $queued = pack "i", 0;
      ioctl OUT, 21531, $queued or return;
      if ($_[0] + unpack("i", $queued) <= 65536) {
        $is_big = fcntl OUT, 1031, 131072 unless select undef, my $free = $out, undef, 0;
        return;
      }
      $is_big = 0 if $is_big && fcntl OUT, 1031, 65536;
      return if !$is_big or select my $left = $out, undef, undef, 0.01;
    }
  }
  sub put {
    for (my ($done, $all) = (0, length $_[0]); $done < $all;) {
      my $some = $all - $done;
      if ($some > 4096) { $some = 1 + rindex(substr($_[0], $done, 4096), "\n") || 4096 }
      find_page($some) if $is_usual;
      my $wrote = syswrite OUT, $_[0], $some, $done;
      if (defined $wrote) { $done += $wrote } else { wait_for_room() }
    }
  }
  sub find_calls {
    ($tee, $splice) = (0, 0);
    return unless -p OUT && $^O eq "linux" && eval { require Config } && pipe(R, W) && open NOWHERE, ">", "/dev/null";
    my $arch = $Config::Config{archname};
    ($tee, $splice) = (276, 275) if $arch =~ /^x86_64/ && $arch !~ /x32/;
    ($tee, $splice) = (77, 76) if $arch =~ /^aarch64/;
    # F_SETPIPE_SZ. In a larger pipe of the caller a command would not notice a reader that leaves.
    fcntl STDIN, 1031, $room and fcntl W, 1031, $room if $tee;
  }
  sub pass_copy {
    my $read = sysread STDIN, $data, $much;
    return $! == 4 ? -1 : end(1) unless defined $read;
    open MARK, ">", $mark and $mark = "" if $read && $mark;
    put($data);
    add();
    find_calls() if $read == $much && !defined $tee;
    return $read;
  }
  sub pass_pages {
    my $there = syscall $tee, 0, fileno W, $room, 0;
    find_page(65537) if $is_big && $there > 0;
    for (my $left = $there; $left > 0;) {
      my $went = syscall $splice, 0, 0, fileno OUT, 0, $left, 2;
      if ($went > 0) { $left -= $went }
      elsif ($left == $there && $! != 4 && $! != 11 && $! != 32) { $there = -1; last }
      else { wait_for_room() }
    }
    $tee = 0 if $there < 0 && $! != 4;
    for (my $left = $there; $left > 0;) {
      my $went = $left > $bytes ? syscall $splice, fileno R, 0, fileno NOWHERE, 0, $left - $bytes, 0 : 0;
      if ($went <= 0) { $went = sysread(R, $data, $left) or last; add() }
      $left -= $went;
    }
    return $there;
  }
  for (;;) {
    my $found = select my $ready = $in, undef, undef, $is_new ? 0.02 : undef;
    keep() unless $found;
    next if $found < 1;
    my $passed = $tee ? pass_pages() : pass_copy();
    end(70) unless $passed;
    select undef, undef, undef, 0.0001 if $passed < $much && $tee;
  }'

# relay_bg STREAM: passes on what the command writes; to a file where it is held back, and from the moment in which the
# file takes no more to the real stdout, which is descriptor 6, the file first. Ends with 0 if all was delivered, 141 if
# the reader left, 1 if a write failed. perl or tee copies; cat goes on where that did not do it, was killed, or the
# capture failed.
relay_bg() {
  ignore_signals
  cf_stream=$1 cf_tee='' cf_said='' cf_back='' cf_mark=''
  case $1:${cf_held:+held}:$cf_out in
    out:held:*) cf_back=$cf_run.held ;;
    err::*) eval "exec >&$cf_say_fd" ;;
    err:held:relay) exec >"$cf_run.out" ;;
  esac
  exec <"$cf_run.$1"
  if [ "$cf_keeper" = tail ]; then exec 2>"$cf_run.cap"
  elif [ "$1$cf_out" = errrelay ]; then exec 2>/dev/null
  elif { true >"$cf_run.tail"; } 2>/dev/null; then exec 2>"$cf_run.tail"
  else exec 2>/dev/null; fi
  eval "exec 6>&${cf_held:-1}"
  close_inherited 6
  leave_directory
  exec 3<&0 4>&2 5>&1 </dev/null 2>/dev/null
  # There may be room for pipes and for no more files.
  ! true >"$cf_run.$1.said" || exec 2>"$cf_run.$1.said"
  # Where no process can be had this one must do.
  # mksh runs this before it has undone what redirects the call that failed.
  trap 'exec cat <&3 >&5 4>&- 5>&- 6>&-' EXIT
  [ "$1" = out ] || [ -z "$cf_stderr_is_failure" ] || cf_mark=$cf_run.marked
  [ -z "$cf_mark" ] || has perl || pass_first_byte
  unset PERL5OPT PERL5LIB PERL5DB PERL_UNICODE PERLIO
  cf_copied=''
  # Its codes are ones that no perl ends with which has not come to copying.
  if has perl; then copy perl -e "$cf_perl_copier" "$cf_output_bytes" "$cf_back" "$cf_mark" >/dev/null
  # tee would wait for ever for a reader.
  elif { [ ! -e "$cf_proc/$$/stat" ] || is_running "$cf_tail_pid"; } && works tee; then
    copy tee --output-error=exit "$cf_run.cap"
    case $cf_said in *option*) tee_and_cat ;; esac
    case $cf_copied:$cf_said in *"$cf_run"*) ;; 0:*) cf_copied=70 ;; 141:* | *roken?pipe*) cf_copied=71 ;; 1:*) cf_copied=72 ;; esac
  fi
  case $cf_copied in
    7[012]) ;;
    *)
      copy_by_cat
      case $cf_copied:$cf_said in 0:*) cf_copied=70 ;; 141:* | *roken?pipe*) cf_copied=71 ;; esac
      ;;
  esac
  trap - EXIT
  case $cf_copied in 70) exit 0 ;; 71) set -- 141 ;; *) set -- 1 ;; esac
  # A shell may forget our exit code.
  true >"$cf_run.$cf_stream.$1"
  exit "$1"
}

# A file with the first byte says that there was one. perl makes an empty file, for which a full disk has room.
pass_first_byte() {
  { echo >"$cf_run.wrote"; } 2>/dev/null || return 0
  copy dd bs=1 count=1 status=none of="$cf_run.wrote" >/dev/null
  [ -s "$cf_run.wrote" ] || return 0
  find_cat
  "$cf_cat" <"$cf_run.wrote" || { trap - EXIT && exit 1; }
  "$cf_cat" <"$cf_run.wrote" >&4
}

# copy PROGRAM ARG...: from descriptor 3; 4 is the capture, and 5 stdout for who knows it. Sets cf_copied, its exit code,
# and cf_said.
copy() {
  LC_ALL=C "$@" <&3 3<&- 4>&4 5>&5 6>&6 &
  echo "$!" >"$cf_run.$cf_stream.pid"
  wait "$!"
  cf_copied=$?
  if [ -s "$cf_run.$cf_stream.let_go" ]; then
    true >"$cf_run.$cf_stream.let_go"
    [ -z "$cf_tee" ] || kill -s KILL "$cf_tee"
    find_cat
    exec "$cf_cat" <&3 >&5 4>&- 5>&- 6>&-
  fi
  cf_said=''
  { read -r cf_said <"$cf_run.$cf_stream.said"; } 2>/dev/null
}

copy_by_cat() {
  true >"$cf_run.$cf_stream.said"
  find_cat
  copy "$cf_cat"
}

# Sets cf_cat to what passes on a stream in place of a cat that does not.
find_cat() {
  cf_cat='cat'
  works cat || ! has tee || cf_cat='tee'
}

# works FILTER: says whether a program passes on what it reads.
works() {
  cf_first=''
  { read -r cf_first </proc/sys/kernel/ostype; } 2>/dev/null || return 0
  { take "$1" </proc/sys/kernel/ostype; } 2>/dev/null
  [ "$cf_taken" = "$cf_first" ]
}

# Where tee would go on after a failed write (busybox): cat writes to our stdout, and its end is the end of tee.
tee_and_cat() {
  mkfifo "$cf_run.$cf_stream.2" && [ -p "$cf_run.$cf_stream.2" ] || return
  tee "$cf_run.cap" <&3 3<&- 4>&- 5>&- >"$cf_run.$cf_stream.2" 2>/dev/null &
  cf_tee=$!
  exec 7<&3 3<"$cf_run.$cf_stream.2"
  copy_by_cat
  exec 3<&7 7<&-
  kill -s KILL "$cf_tee"
}

# Waits until all is delivered, or until what the command left behind holds a stream open with nothing in it. Once a signal or
# the time limit has ended the command, a reader that takes nothing is not waited for: bare, what it has no room for had
# not been written. The copier goes on alone.
finish_relays() {
  cf_undelivered=''
  read_uptime
  cf_ended_cs=$cf_cs
  for cf_relay in $cf_relays; do
    cf_stream=${cf_relay#*:} cf_relay=${cf_relay%:*} cf_idle=0 cf_passed_from='' cf_gone='' cf_turn=0 cf_seen=''
    while is_ours "$cf_relay"; do
      cf_turn=$((cf_turn + 1))
      [ "$cf_turn" -gt 20 ] || continue
      look_at_copier
      # To sleep takes a process, and most relays end at once.
      [ $((cf_cs - cf_ended_cs)) -gt 2 ] || continue
      if [ "$cf_idle" -ge 2 ] && [ $((cf_cs - cf_ended_cs)) -ge "$cf_drain_cs" ]; then
        # Without a file that names the copier, the relay and the tail are left as they are.
        if [ -z "$cf_copier" ]; then cf_gone=0 cf_tail_pid='' cf_keeper='' && break; fi
        if let_go; then cf_gone=0 && break; fi
      fi
      if [ -n "$cf_signal$cf_timed_out" ] && [ -n "$cf_passed" ] && [ $((cf_cs - cf_seen_cs)) -ge "$cf_drain_cs" ]; then
        kill -s KILL "$cf_relay" && cf_tail_pid=''
        [ "$cf_keeper" = relay ] || cf_keeper=''
        break
      fi
      if [ $((cf_cs - cf_ended_cs)) -lt 10 ]; then doze 0.02; else doze 0.1; fi
    done
    [ -n "$cf_gone" ] || wait_until_gone "$cf_relay"
    if [ -n "$cf_forgotten" ]; then
      cf_gone=0
      for cf_word in 1 141; do [ ! -e "$cf_run.$cf_stream.$cf_word" ] || cf_gone=$cf_word; done
    fi
    [ "$cf_gone" = 0 ] || cf_undelivered=$cf_gone
  done
  [ -z "$cf_tail_pid" ] || wait_until_gone "$cf_tail_pid"
}

# A copier that waits in a read of its stdin, or in a select without a limit and without a stream to write to, has
# written all that it read. One that is never seen there, because what the command left behind writes without a pause, is
# done when more has passed than a pipe holds. Where the system does not show this, ten seconds must do.
look_at_copier() {
  cf_copier='' cf_call='' cf_arg='' cf_room='' cf_limit='' cf_passed=''
  read_uptime
  {
    read -r cf_copier <"$cf_run.$cf_stream.pid"
    read -r cf_call cf_arg cf_rest cf_room cf_rest cf_limit cf_rest <"$cf_proc/$cf_copier/syscall"
  } 2>/dev/null
  case ${cf_call:+${cf_arg:-busy}}:$cf_room:$cf_limit in
    0x0:* | 0x8:0x0:0x0 | 0x40:0x0:0x0) cf_idle=$((cf_idle + 1)) ;;
    :*) [ $((cf_cs - cf_ended_cs)) -lt 1000 ] || cf_idle=2 ;;
    *) cf_idle=0 ;;
  esac
  # The file is read to its end. If its process ends meanwhile, bash keeps what it has read and not used, and takes that
  # for the beginning of whatever file it reads next.
  {
    while read -r cf_key cf_rest; do [ "$cf_key" != rchar: ] || cf_passed=$cf_rest; done <"$cf_proc/$cf_copier/io"
  } 2>/dev/null
  [ -n "$cf_passed" ] || return 0
  [ "$cf_call:$cf_passed" = "$cf_seen" ] && [ "$cf_call" != running ] || cf_seen_cs=$cf_cs
  cf_seen=$cf_call:$cf_passed
  [ -n "$cf_passed_from" ] || cf_passed_from=$cf_passed
  [ $((cf_passed - cf_passed_from)) -lt "$cf_pipe_bytes_max" ] || cf_idle=2
}

# What comes later still reaches the reader, as it does bare, but nobody waits for it. A copier that has read something
# before it stopped must first write that.
let_go() {
  set -- "$cf_passed"
  kill -s STOP "$cf_copier" 2>/dev/null || return
  cf_turn=0
  while read_process "$cf_copier" && [ "$cf_state" != T ] && [ "$cf_turn" -lt 100 ]; do cf_turn=$((cf_turn + 1)); done
  look_at_copier
  if [ "$cf_idle" -lt 2 ] || [ "$cf_passed:${cf_state:-T}" != "$1:T" ]; then
    kill -s CONT "$cf_copier" 2>/dev/null
    return 1
  fi
  echo yes >"$cf_run.$cf_stream.let_go"
  kill -s KILL "$cf_copier" 2>/dev/null
  while is_ours "$cf_relay" && [ -s "$cf_run.$cf_stream.let_go" ]; do doze 0.02; done
}

# Sets cf_gone to the exit code of a child. A signal to us ends wait early with a code of its own; the child's comes from
# waiting again. Where the shell knows nothing of it any more, cf_forgotten is set, and the first wait had the code.
wait_until_gone() {
  cf_gone=127 cf_forgotten=''
  while :; do
    cf_interrupted='' cf_was_stopped='' cf_waited=$cf_gone
    wait "$1" 2>/dev/null && cf_gone=0 || cf_gone=$?
    if [ "$cf_gone" = 127 ] && ! kill -0 "$1" 2>/dev/null; then
      cf_gone=$cf_waited cf_forgotten=1
      return
    fi
    [ -n "$cf_interrupted" ] || return 0
    ! is_forgotten "$1" || { cf_forgotten=1 && return; }
  done
}

# Appends to the kept tail what this run wrote to a file.
read_file() {
  [ "$2" = file ] && [ -n "$3" ] && read_pos "$1" || return 0
  [ "$cf_pos" -ge "$3" ] || set -- "$1" "$2" 0
  set -- "$1" $((cf_pos - $3)) "$cf_output_bytes"
  if [ "$2" -gt "$3" ]; then cf_dropped=$((cf_dropped + $2 - $3)); else set -- "$1" "$2" "$2"; fi
  (
    # The file is opened before ksh93 puts the tail where it was.
    exec dd bs=65536 iflag=skip_bytes,count_bytes skip=$((cf_pos - $3)) count="$3" <"$cf_fds/$1" 2>/dev/null >>"$cf_run.tail"
  ) && cf_captured=1
}

# --- The command -----------------------------------------------------------------------------------------------

# Turns this process into the command, with the environment, the mask, the signals and the descriptors that it would
# have had bare. Values of env are seen by all for an instant, so only what a shell would change goes through it.
become_command() {
  # shellcheck disable=SC2086 # several
  trap - EXIT XFSZ $cf_signals
  [ -z "$cf_umask" ] || umask "$cf_umask"
  if [ -n "$cf_in_fd" ]; then eval "exec <&$cf_in_fd $cf_in_fd<&-"; elif [ "$cf_in" = closed ]; then exec <&-; fi
  [ -z "$cf_out_fd" ] || eval "exec >&$cf_out_fd $cf_out_fd>&-"
  [ "$cf_out" != closed ] || exec >&-
  eval "exec 2>&${cf_err_fd:--}"
  for cf_fd in $cf_say_fd $cf_held $cf_err_fd $cf_pipe_fd $cf_real_fd; do [ "$cf_fd" -lt 3 ] || eval "exec $cf_fd>&-"; done
  # What systemd says to one process is for the command.
  for cf_name in LISTEN_PID WATCHDOG_PID; do
    eval "[ \"\${$cf_name-}\" != \"\$\$\" ] || { read -r $cf_name cf_rest </proc/self/stat; } 2>/dev/null"
  done
  [ -z "$cf_pid_of_group" ] || set -- setsid -- "$@"
  case $1 in *=*) ;; *) [ -z "$cf_environ" ] || restore_environment "$@" ;; esac
  # bash takes a leading - for an option of exec; the others take -- for the command.
  # shellcheck disable=SC3038
  case ${BASH_VERSION:+bash}$1 in
    bash-*) exec -- "$@" ;;
    *) exec "$@" ;;
  esac
}

restore_environment() {
  cf_seen=' ' cf_odd='' cf_part=''
  IFS=$cf_nl
  set -f
  for cf_entry in $cf_environ; do
    cf_name=${cf_entry%%=*}
    case $cf_name in
      CRONFLOW_*) continue ;;
      PATH) cf_seen="$cf_seen$cf_name " && continue ;;
      PWD | OLDPWD | SHLVL | _ | A__z) cf_seen="$cf_seen$cf_name " ;;
      cf_* | IFS | SHELLOPTS | BASH* | KSH* | POSIXLY_CORRECT | PPID | PGRP | PIPESTATUS | OPT* | PS[1-4] | TMOUT | REPLY) ;;
      EPOCH* | *RANDOM | SECONDS | LINENO | *UID | *GID | USER_ID | GROUPS | FUNCNAME | DIRSTACK | HIST* | HOSTNAME) ;;
      FUNCNEST | *IGNORE | FPATH | JOBMAX | LANG | LC_* | COMP_* | PATHSEP | COLUMNS | LINES) ;;
      '' | [0-9]* | *[!A-Za-z0-9_]*) ;;
      *) continue ;;
    esac
    # A process for this is only there where it is needed.
    case $cf_entry in *[[:cntrl:]]*) [ -n "$cf_soh" ] || cf_soh=$(printf '\001') ;; esac
    [ -z "$cf_soh" ] || { replace "$cf_entry" "$cf_soh" "$cf_nl" && cf_entry=$cf_text; }
    case $cf_entry in
      *"$cf_nl"*) set -- "$cf_entry" "$@" ;;
      *) cf_part=$cf_part$cf_nl$cf_entry ;;
    esac
    # To add each to all of them would take minutes where there are many.
    [ ${#cf_part} -lt 4000 ] || { cf_odd=$cf_odd$cf_part && cf_part=''; }
  done
  # shellcheck disable=SC2086 # split on purpose
  set -- -- $cf_odd$cf_part "$@"
  set +f
  IFS=" 	$cf_nl"
  for cf_name in PATH PWD OLDPWD SHLVL _ A__z; do
    case $cf_seen in *" $cf_name "*) ;; *) set -- -u "$cf_name" "$@" ;; esac
  done
  [ -z "$cf_unignore" ] || set -- "--default-signal=$cf_unignore" "$@"
  exec env "$@"
}

# Background commands of a shell ignore INT and QUIT. bash and mksh can undo it, the others need env. Sets cf_unignore,
# what env should undo, and cf_deaf where the command will ignore INT against our wish.
plan_signals() {
  cf_unignore='' cf_deaf=''
  [ -z "${BASH_VERSION-}" ] || return 0
  case ${KSH_VERSION-} in *MIRBSD*) return ;; esac
  case $cf_ignored in *[2367abefABEF]) ;; *) cf_unignore=INT ;; esac
  case $cf_ignored in *[4567cdefCDEF]) ;; *) cf_unignore=${cf_unignore:+$cf_unignore,}QUIT ;; esac
  [ -n "$cf_env_signals" ] || { cf_deaf=$cf_unignore && cf_unignore=''; }
}

# The shell gives a background command /dev/null for stdin, so the real one waits at another descriptor. Where none is
# left the command runs in the foreground: signals that come meanwhile wait for its end, and a file tells the time limit
# which process it is.
launch() {
  if runs_in_foreground; then
    (
      # ksh93 starts a process for this only where it sets a limit.
      # shellcheck disable=SC3045 # ksh93
      case ${KSH_VERSION-} in '' | *MIRBSD*) ;; *) ulimit -S -t "$(ulimit -S -t)" ;; esac
      # Without a directory of ours no file is written: it would be the command's.
      [ -z "$cf_run" ] || { read -r cf_pid cf_rest <"$cf_proc/self/stat" && echo "$cf_pid" >"$cf_run.pid"; } 2>/dev/null
      become_command "$@"
    )
    cf_code=$?
    # ksh93
    [ "$cf_code" -le 256 ] || cf_code=$((cf_code - 128))
    return
  fi
  if [ -z "${BASH_VERSION-}" ] || ! launch_watched "$@"; then
    (become_command "$@") &
    cf_pid=$!
  fi
  [ -z "$cf_real_fd" ] || eval "exec $cf_real_fd>&-"
  cf_real_fd=''
}

runs_in_foreground() { [ "$cf_in" != closed ] && [ -z "$cf_in_fd" ]; }

# bash forgets the exit code of a child that ends in the moment in which a signal breaks off wait, as happens where a
# signal goes to a whole group. So a process between waits for the command, deaf to signals, and tells the command's
# process id and then its exit code through a pipe, which forgets nothing. Fails where that cannot be had.
launch_watched() {
  [ -e /dev/fd/0 ] && [ -c /dev/null ] && find_free_fd || return 1
  cf_out_fd=$cf_fd
  eval "exec $cf_out_fd>&1"
  if find_free_fd; then
    cf_code_fd=$cf_fd
    # The other shells cannot read this.
    eval "exec $cf_code_fd< <(watch_command \"\$@\")" && cf_watcher=$! || cf_code_fd=''
  fi
  eval "exec $cf_out_fd>&-"
  cf_out_fd=''
  [ -n "$cf_code_fd" ] || return 1
  until read -r cf_told <&"$cf_code_fd"; do [ "$?" -gt 128 ] || lose_command; done
  # Where that process could start none, it becomes the command itself.
  if [ "$cf_told" = myself ]; then cf_pid=$cf_watcher && close_code_fd; else cf_pid=$cf_told; fi
}

watch_command() {
  cf_pending='' cf_relay_pids=''
  # The command would go on ignoring what is ignored here.
  # shellcheck disable=SC2086 # several
  trap : $cf_signals
  trap 'echo myself; on_exit' EXIT
  (become_command "$@") &
  # shellcheck disable=SC2086 # several
  trap '' $cf_signals
  trap - EXIT
  echo "$!"
  exec </dev/null 2>/dev/null
  close_inherited
  wait "$!"
  echo "$?"
}

close_code_fd() {
  eval "exec $cf_code_fd<&-"
  cf_code_fd=''
}

# A pipe must see its end when the command closes it, not when we do; and bash reports a killed child on our stderr.
drop_streams() {
  [ -z "$cf_in_fd" ] || eval "exec $cf_in_fd<&-"
  cf_in_fd=''
  [ -c /dev/null ] || return 0
  exec </dev/null
  [ "$cf_out" = file ] || exec >/dev/null
  [ "$cf_err" != relay ] || eval "exec $cf_err_fd>&-"
}

# Signals the whole group of the command, or the command alone where it has none, or has not come to make it. Only in
# these words do all shells know a group.
signal_group() {
  [ -n "$cf_pid_of_group" ] && kill "-$1" "-$cf_pid" 2>/dev/null && return
  kill -s "$1" "$cf_pid" 2>/dev/null
}

# A trap may run within another one, so each first writes down what came, in one command.
# shellcheck disable=SC2064 # the signal of now
catch_signal() { trap "cf_interrupted=1 cf_pending=\"\$cf_pending $1\"; [ -z \"\$cf_pid\" ] || forward_pending" "$1"; }

# Passes on what came, one after the other. A trap that runs meanwhile only writes down its signal: two that passed on at
# the same time would take each other's. What came just before cf_forwarding was emptied is seen by the outer loop.
forward_pending() {
  [ -z "$cf_forwarding" ] || return 0
  while [ -n "$cf_pending" ]; do
    cf_forwarding=1
    await_command
    # timeout signals us and then our group. Both are one signal to a program that has not yet heard the first.
    cf_caller=''
    { read -r cf_caller <"$cf_proc/$PPID/comm"; } 2>/dev/null
    [ "$cf_caller" != timeout ] || doze 0.01
    while [ -n "$cf_pending" ]; do
      cf_forward=${cf_pending# } cf_forward=${cf_forward%% *} cf_pending=${cf_pending#" $cf_forward"}
      case $cf_forward in TSTP | CONT) ;; *) forget "$cf_forward" ;; esac
      case $cf_forward in
        TERM | HUP) cf_signal=$cf_forward && signal_group "$cf_forward" ;;
        INT | QUIT) cf_signal=$cf_forward && forward_key "$cf_forward" ;;
        TSTP) [ -n "$cf_was_stopped" ] || stop_with_command ;;
        # The terminal tells the command as well.
        WINCH) [ -n "$cf_tty" ] || kill -s WINCH "$cf_pid" 2>/dev/null ;;
        *) cf_sent="$cf_sent $cf_forward" && kill -s "$cf_forward" "$cf_pid" 2>/dev/null ;;
      esac
    done
    cf_forwarding=''
  done
}

# A process that a shell has just forked is a copy of it until it becomes another program: it has our words, and it catches
# signals that it then forgets. Where that is env, it may ignore what it has yet to undo.
await_command() {
  [ -z "$cf_awaited" ] || return 0
  cf_awaited=1 cf_turn=0
  read_words "$$"
  set -- "$cf_words_at"
  while [ -n "$1" ] && [ "$cf_turn" -lt 100 ]; do
    read_words "$cf_pid"
    case $cf_words_at:${cf_unignore:+$cf_comm} in "$1":* | *:env) ;; *) return 0 ;; esac
    next_turn 0.05
  done
}

# Sets cf_comm, the program of a process, and cf_words_at, where its arguments and its environment lie in its memory. A trap
# runs this, so it leaves the variables of what it came between alone.
read_words() {
  cf_words_at=''
  { IFS= read -r cf_words_at <"$cf_proc/$1/stat"; } 2>/dev/null
  cf_comm=${cf_words_at#*" ("} cf_comm=${cf_comm%%")"*}
  # shellcheck disable=SC2086 # split on purpose
  set -- ${cf_words_at##*") "}
  cf_words_at=''
  [ $# -lt 49 ] || cf_words_at="${46} ${47} ${48} ${49}"
}

# forget SIGNAL: as often as it is pending. No name is the beginning of another.
forget() {
  while :; do
    # In one command, because a trap may add to it meanwhile.
    case $cf_pending in *" $1"*) cf_pending=${cf_pending%%" $1"*}${cf_pending#*" $1"} ;; *) break ;; esac
  done
}

# A key at the terminal signals the command as well; a second one means "at once" to many programs. The canary, a
# process that does nothing, dies of a key and lives on when only we were signalled.
forward_key() {
  case ,$cf_deaf, in *",$1,"*) signal_group TERM && return ;; esac
  if [ -n "$cf_canary" ]; then
    doze 0.1
    lives_canary || { renew_canary && return; }
  fi
  signal_group "$1"
}

# Keys that came meanwhile were the command's as well, so they are forgotten. What is no key still goes to the command.
# Such a key may have hit the new canary too: without a living one the next signal to us alone would be taken for a key.
renew_canary() {
  while :; do
    start_canary
    case $cf_pending in *INT* | *QUIT*) ;; *) return 0 ;; esac
    forget INT
    forget QUIT
    ! lives_canary || return 0
  done
}

start_canary() {
  cf_canary=''
  [ -n "$cf_tty" ] && [ -z "$cf_deaf" ] || return 0
  (
    close_inherited
    trap - INT QUIT
    exec </dev/null >/dev/null 2>&1
    [ -z "$cf_unignore" ] || exec env "--default-signal=$cf_unignore" sleep 999999
    exec sleep 999999
  ) &
  cf_canary=$!
  # A key that came before the canary can die of one would be taken for a signal to us alone.
  lives_canary || :
}

# Says whether no signal has ended the canary, or will as soon as a busy machine lets it run. One that neither sleeps nor
# is stopped is about to become the program or to end, and no sign of the signal is left while it ends: it is waited for.
lives_canary() {
  cf_turn=0
  while read_signals "$cf_canary" && is_running "$cf_canary"; do
    case $cf_waiting:$cf_state in *[1-9a-f]*:*) return 1 ;; *:[ST]) return 0 ;; esac
    [ "$cf_turn" -lt 100 ] || return 0
    next_turn 0.05
  done
  return 1
}

# Another TSTP that came before we stop is the same one: CONT forgets what came before it. busybox may have begun the
# trap of an older one and run this one within it, so none is believed until all traps have ended (see cf_was_stopped).
# TSTP itself stops no command in a session of its own, unless the command handles it: then it must hear it.
stop_with_command() {
  # No TSTP stops a program that no shell could continue, so the command gets it as it would bare.
  if is_orphaned; then
    [ -n "$cf_tty" ] || kill -s TSTP "$cf_pid" 2>/dev/null
    return
  fi
  trap '' TSTP
  forget TSTP
  cf_stop=STOP cf_was_stopped=1
  read_signals "$cf_pid"
  case $cf_ignores:$cf_catches in *[89a-f]????:* | *:*[89a-f]????) cf_stop=TSTP ;; esac
  kill -s "$cf_stop" "$cf_pid" 2>/dev/null
  # Who was continued meanwhile would stay stopped for ever.
  case $cf_pending in *CONT*) ;; *) kill -s STOP "$$" ;; esac
  # bash has one trap after the other, and no end of wait comes between two stops.
  [ -z "${BASH_VERSION-}" ] || { cf_was_stopped='' && kill -s CONT "$cf_pid" 2>/dev/null; }
  catch_signal TSTP
}

# Says whether no parent of our group is in the same session and in another group: POSIX calls that group orphaned.
is_orphaned() {
  cf_group='' cf_session=''
  set -- "$$"
  while [ "$1" != 0 ]; do
    { IFS= read -r cf_member <"$cf_proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086 # split on purpose
    set -- ${cf_member##*") "}
    cf_group=${cf_group:-$3} cf_session=${cf_session:-$4}
    [ "$4" = "$cf_session" ] || return 0
    [ "$3" = "$cf_group" ] || return 1
    set -- "$2"
  done
}

# Sets cf_code.
wait_for_command() {
  if [ -n "$cf_code_fd" ]; then wait_until_told; return; fi
  wait_until_gone "$cf_pid"
  cf_code=$cf_gone
  # ksh93 forgets a command that ended as the signal came: most likely the signal ended it.
  case ${KSH_VERSION-}:$cf_forgotten:$cf_code in :* | *MIRBSD*) ;; *:1:1) cf_code=$((128 + $(kill -l "$cf_forward"))) ;; esac
  # ksh93
  [ "$cf_code" -le 256 ] || cf_code=$((cf_code - 128))
}

# A signal makes bash leave wait from within its handler, so of two that come together one is lost. Traps run while it
# reads, and those of signals that came just before read began run a second later.
wait_until_told() {
  cf_code=''
  while :; do
    # shellcheck disable=SC3045 # bash
    read -r -t 1 cf_told <&"$cf_code_fd" && cf_gone=0 || cf_gone=$?
    cf_code=$cf_code$cf_told
    [ "$cf_gone" -gt 128 ] || break
  done
  [ -n "$cf_code" ] || lose_command
  close_code_fd
}

# Whoever killed the process between (a command may kill its parent) has ended us under any other shell. So we end in the
# same way: nothing is reported that did not happen, nothing is run again, and the lock stays with the command.
lose_command() {
  say 'the process that waits for the command was killed: the command goes on without us, and its end is not reported'
  say_collected
  await_said
  kill -s KILL "$$"
}

# Says whether bash still takes a process for running that is no more: waiting for it would have no end.
is_forgotten() {
  [ -n "${BASH_VERSION-}" ] && ! kill -0 "$1" 2>/dev/null || return 1
  # shellcheck disable=SC3045 # bash
  case $cf_nl$(jobs -rp)$cf_nl in *"$cf_nl$1$cf_nl"*) ;; *) return 1 ;; esac
}

# --- Helpers that wait -----------------------------------------------------------------------------------------

# URG tells them to stop, because it does nothing to one that has not set its trap yet. Where the caller blocks or ignores
# it they sleep for a second at a time.
waiter() {
  helper
  exec </dev/null >/dev/null 2>&1
  cf_stopped='' cf_sleeper=''
  trap 'cf_stopped=1; [ -z "$cf_sleeper" ] || kill -s KILL "$cf_sleeper"' URG
}

# nap SECONDS [PID]: fails if told to stop meanwhile, if that process (ours) is gone, or if sleep does not sleep. A wrapper
# that is killed tells nobody to stop, so a long nap is taken in parts, and after each it is looked for.
nap() {
  while [ "$1" -gt 0 ]; do
    read_uptime
    cf_nap_cs=$cf_cs
    sleep "$(($1 < cf_nap_s_max ? $1 : cf_nap_s_max))" &
    cf_sleeper=$!
    [ -z "$cf_stopped" ] || kill -s KILL "$cf_sleeper"
    # Some shells say "Killed" of it.
    wait "$cf_sleeper" 2>/dev/null
    cf_sleeper=''
    read_uptime
    cf_nap_cs=$((cf_cs - cf_nap_cs))
    [ -z "$cf_stopped" ] && kill -0 "${2:-$$}" 2>/dev/null || return 1
    [ "$cf_nap_cs" -lt 0 ] || [ "$cf_nap_cs" -ge 50 ] || return 1
    [ -z "$cf_unheard" ] || [ "${2:-$$}" != "$$" ] || [ ! -e "$cf_run.over" ] || return 1
    set -- $(($1 - cf_nap_s_max)) "${2:-$$}"
  done
}

stop_waiter() {
  cf_turn=0
  while is_ours "$1"; do
    kill -s "${cf_unheard:-URG}" "$1" 2>/dev/null
    next_turn 0.1
  done
  # Without /proc nobody sees whether it is there, nor whether its trap has been set yet.
  if [ ! -e "$cf_proc/$$/stat" ]; then
    for cf_turn in 1 2 3; do kill -s URG "$1" 2>/dev/null && hush sleep 0.1; done
    kill -s KILL "$1" 2>/dev/null
  fi
  wait_until_gone "$1"
}

# The limit is for all tries together. The exit code says what it did.
timer_bg() {
  waiter
  read_uptime
  cf_left_s=$((cf_timeout - (cf_cs - cf_start_cs) / 100))
  [ "$cf_left_s" -gt 0 ] || cf_left_s=1
  nap "$cf_left_s" || exit "${cf_stopped:-12}"
  [ -n "$cf_pid" ] || { [ -n "$cf_run" ] && read -r cf_pid <"$cf_run.pid"; } || exit 13
  signal_group TERM || ! is_there "$cf_pid" || exit 14
  signal_group CONT
  nap "$cf_kill_after" || exit 10
  signal_group KILL
  exit 11
}

# Sets cf_timed_out to the signal that the time limit sent. What is left of the group gets as long as the command had.
stop_timer() {
  stop_waiter "$cf_timer"
  cf_timer=''
  case $cf_gone in
    10) cf_timed_out=TERM ;;
    11) cf_timed_out=KILL ;;
    # It could not hear that it should stop.
    137 | 265) [ $((cf_end_cs - cf_start_cs)) -lt $((cf_timeout * 100)) ] || cf_timed_out=TERM ;;
    12) say '--timeout: sleep does not sleep: there was no time limit' && return ;;
    13) say '--timeout: all descriptors are taken: there was no time limit' && return ;;
    14) say '--timeout: the command is of another user, to whom this one may send no signal: it ran on' && return ;;
    *) return 0 ;;
  esac
  [ -n "$cf_pid_of_group" ] && kill -0 "-$cf_pid" 2>/dev/null || return 0
  (waiter && nap "$cf_kill_after" "-$cf_pid" && kill -KILL "-$cf_pid") &
}

beat_bg() {
  waiter
  while nap "$cf_beat"; do
    read_uptime
    describe log '' "$cf_cs"
    send_ping "$cf_attempt_s" ''
  done
}

# Sends the declaration and the start, and again while the command runs and nobody answers. Ends with 14 where nobody
# answered an attempt that was over after the command.
start_bg() {
  waiter
  [ -z "$cf_run" ] || ! { true >"$cf_run.note"; } 2>/dev/null || exec 2>"$cf_run.note"
  cf_say_fd=2 cf_say_at_once=1 cf_collect='' cf_lines='' cf_told=''
  describe start '' "$cf_start_cs"
  for cf_pause_s in 5 15 30 60 120 300 600; do
    read_uptime
    cf_round_cs=$cf_cs
    if [ -n "$cf_schedule" ]; then
      declare_job "$cf_start_s"
      case $cf_answer in
        stored | refused) cf_schedule='' ;;
        *)
          # An outage is told of once, and not by each run.
          [ -n "$cf_told" ] || { find_url_dir '' && [ -e "$cf_url_dir/outage" ]; } ||
            say "--schedule: the monitor could not be told of the declaration"
          cf_told=1
          ;;
      esac
    fi
    # Who did not answer the declaration is not asked to take a start.
    if [ -z "$cf_no_start" ] && [ "${cf_schedule:+$cf_answer}" != unreachable ]; then
      read_uptime
      cf_left_s=$((cf_start_s - (cf_cs - cf_round_cs) / 100))
      [ "$cf_left_s" -gt 0 ] || cf_left_s=1
      send_ping "$cf_left_s" ''
      # Who has not heard of the job yet may take its start later.
      case $cf_answer$cf_schedule in stored* | refused) cf_no_start=1 ;; esac
    fi
    [ -n "$cf_schedule" ] || [ -z "$cf_no_start" ] || exit 0
    # Most commands have ended by now, and to wait takes a process.
    if is_over; then
      [ "$cf_answer" != unreachable ] || exit 14
      exit 0
    fi
    nap "$cf_pause_s" || exit 0
  done
}

# Says whether the command has ended. One in the foreground has no id here, and of several tries only the first has.
is_over() {
  [ -z "$cf_run" ] || [ ! -e "$cf_run.over" ] || return 0
  [ "$cf_retry" = 0 ] && [ -n "$cf_pid" ] && ! is_there "$cf_pid"
}

# Waits for a start that is on its way: so it comes before the end, and an end is not sent to a monitor that just now did
# not answer. Takes that off the time of the end, of which a second stays.
settle_start() {
  [ -n "$cf_starter" ] || return 0
  [ -z "$cf_run" ] || { true >"$cf_run.over"; } 2>/dev/null
  ! is_ours "$cf_starter" || kill -s URG "$cf_starter" 2>/dev/null
  # Without that file one that is told too early goes on for long, and without /proc one that is not told.
  [ "$cf_end_wait" != 0 ] && [ -e "$cf_proc/$$/stat" ] && [ -n "$cf_run" ] && [ -e "$cf_run.over" ] || return 0
  wait_until_gone "$cf_starter"
  read_uptime
  cf_end_cs_max=$((cf_end_cs_max - (cf_cs - cf_end_cs)))
  [ "$cf_end_cs_max" -ge 150 ] || cf_end_cs_max=150
  [ "$cf_gone" != 14 ] || cf_end_cs_max=0
}

declare_job() {
  escape "$cf_schedule" && cf_json="{\"schedule\":\"$cf_escaped\""
  [ -z "$cf_grace" ] || { escape "$cf_grace" && cf_json="$cf_json,\"grace\":\"$cf_escaped\""; }
  encode "$cf_job"
  post "$1" PUT "/jobs/$cf_encoded" "$cf_json}" application/json
  case $cf_answer:$cf_reply in
    refused:*'"job_in_file"'*) say "--schedule: the job is declared in a file, which counts" ;;
    refused:*) say "--schedule: the monitor did not take the declaration: $cf_status $cf_detail" ;;
  esac
}

# --- Private directories and locks -----------------------------------------------------------------------------

# find_spool MAKE DIR: sets cf_spool and cf_dir, a directory in it, or says in cf_spool_fault why it cannot be had. MAKE is
# called to make it, if it is given. Modes are set only where a directory is made.
find_spool() {
  if [ -n "${CRONFLOW_SPOOL_DIR-}" ]; then
    cf_dir=$CRONFLOW_SPOOL_DIR
  elif [ -n "${XDG_STATE_HOME-}" ]; then
    cf_dir=$XDG_STATE_HOME/cronflow/spool
  else
    # cron does not always set HOME.
    cf_dir=${HOME-}
    [ -n "$cf_dir" ] || home_of_user
    cf_dir=${cf_dir:+$cf_dir/.local/state/cronflow/spool}
  fi
  case $cf_dir in
    '') cf_spool_fault='neither CRONFLOW_SPOOL_DIR nor HOME is set' && return 1 ;;
    /*) ;;
    *) cf_spool_fault="$cf_dir is not an absolute path" && return 1 ;;
  esac
  cf_spool=${cf_dir%/} cf_dir=${cf_dir%/}/$2
  # Nothing is made in what is not ours.
  { [ ! -e "$cf_spool" ] && [ ! -h "$cf_spool" ]; } || is_private "$cf_spool" || return 1
  [ -z "$1" ] || "$1" "$cf_dir"
  is_private "$cf_spool" && is_private "$cf_dir"
}

make_dir() { [ -e "$1" ] || hush mkdir -p "$1"; }

home_of_user() {
  cf_user=$(id -un 2>/dev/null)
  case $cf_user in '' | *[!A-Za-z0-9._-]*) return ;; esac
  eval "cf_dir=~$cf_user"
  case $cf_dir in /*) ;; *) cf_dir='' ;; esac
}

# A directory, not a link, of this user.
is_private() {
  cf_spool_fault="$1 cannot be made"
  [ -e "$1" ] || [ -h "$1" ] || return 1
  cf_spool_fault="$1 is not a directory of this user, or a link"
  [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ] || return 1
  cf_spool_fault="$1 cannot be written"
  [ -w "$1" ]
}

# Returns 1 if the same job holds the lock. The command inherits the descriptor, so the lock is its own: it lasts when
# the wrapper is killed. Where no lock can be had the command runs: it must not depend on a disk.
take_lock() {
  if ! find_spool make_dir locks; then
    say "no lock, so another run may start beside this one: $cf_spool_fault; CRONFLOW_SPOOL_DIR may name another directory"
    return 0
  fi
  encode "$cf_job"
  cf_lock_file=$cf_dir/${cf_encoded:-$cf_rid}
  if has flock && find_free_fd && { true >>"$cf_lock_file.flock"; } 2>/dev/null; then
    eval "exec $cf_fd>>\"\$cf_lock_file.flock\""
    cf_lock_fd=$cf_fd
    hush flock -n "$cf_lock_fd"
    case $? in 0) return 0 ;; 1) ! flock_works || return 1 ;; esac
    eval "exec $cf_lock_fd>&-"
    cf_lock_fd=''
  fi
  take_link_lock
}

# A flock that always says 1 would keep the job from running for good.
flock_works() {
  hush flock -n "$cf_lock_file.$cf_rid" true
  set -- $?
  hush rm -f "$cf_lock_file.$cf_rid"
  return "$1"
}

# A hard link appears at once and whole, with its owner in it. Of several who see a dead owner, one takes the lock away;
# then all try again.
take_link_lock() {
  cf_lock_file=$cf_lock_file.lock
  set -- "$cf_lock_file.$cf_rid"
  if write_owner "$1" "$$"; then
    for cf_turn in 1 2 3; do
      if hush ln "$1" "$cf_lock_file"; then cf_link_lock=1 && break; fi
      if owner_lives "$cf_lock_file"; then hush rm -f "$1"; return 1; fi
      # Nobody sees from here whether it lives, so the lock stays with it.
      [ -z "$cf_owner_elsewhere" ] || break
      # Somebody may have taken it meanwhile.
      if hush mv "$cf_lock_file" "$1.dead" && owner_lives "$1.dead"; then hush ln "$1.dead" "$cf_lock_file"; fi
      hush rm -f "$1.dead"
    done
    hush rm -f "$1"
  fi
  [ -z "$cf_link_lock" ] || return 0
  cf_text="$cf_lock_file cannot be made"
  [ -z "$cf_owner_elsewhere" ] || cf_text="$cf_lock_file is held from another PID namespace (a container), and nobody sees from here whether it still is"
  say "no lock, so another run may start beside this one: $cf_text"
  cf_lock_file=''
}

# write_owner FILE PID: in place, so that nobody finds it empty.
write_owner() {
  identity 1
  set -- "$1" "$2" "${cf_birth:--}"
  identity "$2"
  { echo "$2 ${cf_birth:--} ${cf_boot:--} $3" 1<>"$1"; } 2>/dev/null
}

# A process id says nothing in another PID namespace, whose first process began at another time: then cf_owner_elsewhere
# is set.
owner_lives() {
  cf_owner='' cf_owner_birth='' cf_owner_boot='' cf_owner_first='' cf_owner_elsewhere=''
  { read -r cf_owner cf_owner_birth cf_owner_boot cf_owner_first <"$1"; } 2>/dev/null
  [ "$cf_owner_boot" = "${cf_boot:--}" ] || return 1
  identity 1
  [ "${cf_owner_first:-${cf_birth:--}}" = "${cf_birth:--}" ] || { cf_owner_elsewhere=1 && return 1; }
  is_number "$cf_owner" && is_there "$cf_owner" || return 1
  identity "$cf_owner"
  # Of another user's process it may be hidden.
  [ -z "$cf_birth" ] || [ "$cf_owner_birth" = "$cf_birth" ]
}

# From its start on the lock belongs to the command.
hand_over_lock() {
  [ -z "$cf_link_lock" ] || [ -z "$cf_pid" ] ||
    { write_owner "$cf_lock_file.$cf_rid" "$cf_pid" && hush mv -f "$cf_lock_file.$cf_rid" "$cf_lock_file"; }
}

release_lock() {
  [ -z "$cf_link_lock" ] || hush rm -f "$cf_lock_file"
  # What the command left behind may hold the descriptor; the lock ends with the command all the same.
  [ -z "$cf_lock_fd" ] || { hush flock -u "$cf_lock_fd"; eval "exec $cf_lock_fd>&-"; }
  cf_lock_fd=''
}

# --- Pings -----------------------------------------------------------------------------------------------------

# encode TEXT: sets cf_encoded, for a URL and for a file name.
encode() {
  cf_encoded=$1
  case $1 in
    .* | *[!A-Za-z0-9._-]*)
      cf_encoded=$(put "$1" | od -An -v -tx1 | tr -s ' \n' '%%')
      cf_encoded=${cf_encoded%"%0a"*}
      case $cf_encoded in *[!%0-9a-f]*) cf_encoded='' ;; esac
      ;;
  esac
}

# escape TEXT: sets cf_escaped, for a quoted value of JSON or of curl's configuration; a control character ends it.
escape() {
  replace "${1%%[[:cntrl:]]*}" '[\\]' "\\\\"
  replace "$cf_text" '"' '\"'
  cf_escaped=$cf_text
}

read_token() {
  [ -z "$cf_token" ] && [ -n "${CRONFLOW_PING_TOKEN_FILE-}" ] || return 0
  # A nested wrapper may run in another directory.
  case $CRONFLOW_PING_TOKEN_FILE in /*) ;; *) CRONFLOW_PING_TOKEN_FILE=$PWD/$CRONFLOW_PING_TOKEN_FILE ;; esac
  cf_text='its first line is empty'
  if [ ! -f "$CRONFLOW_PING_TOKEN_FILE" ]; then cf_text='it is not there, or no regular file'
  elif [ ! -r "$CRONFLOW_PING_TOKEN_FILE" ]; then cf_text='this user may not read it'
  else { IFS= read -r cf_token <"$CRONFLOW_PING_TOKEN_FILE"; } 2>/dev/null; fi
  [ -n "$cf_token" ] || say "no token in $CRONFLOW_PING_TOKEN_FILE, which CRONFLOW_PING_TOKEN_FILE names: $cf_text"
}

# describe KIND QUERY CENTISECONDS: the ping of this run that is to be sent, dated at the event.
describe() {
  encode "$cf_job"
  cf_path=/jobs/$cf_encoded/$1
  encode "$cf_host${cf_env:+ [$cf_env]}"
  cf_query="rid=$cf_rid&host=$cf_encoded$2"
  cf_ping_cs=$3 cf_ping_ms='' cf_ping_boot=$cf_boot
}

# Sets cf_age_ms, how long ago the ping happened that was described or read last. Time since boot is right even if the clock
# was set meanwhile. A container may begin it anew within one boot, so what cannot be is left to the clock.
measure_age() {
  read_uptime
  cf_age_cs=$((cf_cs - cf_ping_cs))
  if [ "$cf_boot" = "$cf_ping_boot" ] && [ "$cf_age_cs" -ge 0 ] && [ "$cf_age_cs" -le $((cf_spool_age_ms_max / 10)) ]; then
    cf_age_ms=$((cf_age_cs * 10))
  else
    read_wall
    since "${cf_ping_ms:-$cf_wall_ms}"
    cf_age_ms=$cf_since_ms
  fi
}

# send_ping SECONDS BODY: sends what was described last. Cronflow treats a delayed ping a little differently; the moment it
# takes to send one is no delay.
send_ping() {
  cf_delay=''
  measure_age
  [ "$cf_age_ms" -lt 1000 ] || cf_delay="&delay_ms=$cf_age_ms"
  post "$1" POST "$cf_path?$cf_query$cf_delay" "$2"
}

# post SECONDS METHOD PATH BODY [TYPE]: BODY is @FILE, JSON or empty. Sets cf_answer: stored, refused, or, worth another
# try, failed (there was an answer) or unreachable (there was none); cf_status, and cf_detail in words. Only Cronflow's
# own answers are believed: a proxy whose backend is gone answers 404 as well, and a page that says so may come with 200.
post() {
  cf_status=000 cf_answer=unreachable cf_detail='' cf_reply='' cf_limit_s=$1
  find_client
  [ -n "$cf_client" ] || return 0
  try_clients "$@"
  cf_last=${cf_reply##*"$cf_nl"}
  cf_status=${cf_last%% *}
  case $cf_last in
    2??\ application/json*) cf_answer=stored ;;
    408* | 429*) cf_answer=failed ;;
    4??\ application/problem+json*)
      cf_answer=failed
      case $cf_reply in *'"code":"'*) cf_answer=refused ;; esac
      cf_detail=${cf_reply#*'"detail":"'}
      [ "$cf_detail" != "$cf_reply" ] || cf_detail='"'
      replace "${cf_detail%%'",'*}" '[\\]"' '"'
      cf_detail=$cf_text
      ;;
    000* | '') ;;
    *) cf_answer=failed ;;
  esac
}

# Sets cf_client, or says in cf_client_fault why there is none.
find_client() {
  cf_client='' cf_client_fault='neither curl nor wget is installed'
  if has curl; then cf_client=curl; elif has wget && may_wget; then cf_client=wget; fi
}

# Says whether wget may be used: its command line shows the URL to all, and without a configuration the token as well.
may_wget() {
  case $cf_url in *@*) cf_client_fault='wget would show the password in CRONFLOW_URL to all users: install curl' && return 1 ;; esac
  [ -n "$cf_wget_help" ] || { take wget_help || :; cf_wget_help=$cf_taken:; }
  case $cf_token:$cf_wget_help in :* | *--max-redirect*) return 0 ;; esac
  cf_client_fault='this wget would show the token to all users: install curl'
  return 1
}

# env finds the program where busybox sh has a wget of its own.
wget_help() { cf_limit_s=2 cf_config='' && limit_and_send env wget --help 2>&1; }

# Sets cf_reply, which ends with a status. A client without one does not work: it is given a limit of our own, because an
# old timeout of busybox takes other words, and then it gives way to another.
try_clients() {
  read_uptime
  cf_silent_cs=$((cf_cs + 100))
  while :; do
    # dash says "Killed" of a client that the watchdog ends.
    { take "send_$cf_client" "$@"; } 2>/dev/null
    cf_client_code=$?
    [ "${#cf_taken}" -le "$cf_reply_bytes_max" ] || cf_taken=''
    cf_reply=$cf_taken
    case ${cf_reply##*"$cf_nl"} in [0-9][0-9][0-9] | [0-9][0-9][0-9]\ *) return ;; esac
    cf_reply=''
    read_uptime
    [ "$cf_cs" -lt "$cf_silent_cs" ] || return 0
    if [ -z "$cf_own_limit" ] && has timeout; then cf_own_limit=1
    elif [ "$cf_client" = curl ] && has wget && may_wget; then cf_client=wget
    else return 0; fi
  done
}

# curl reads the URL and the token from its stdin: neither shows in the process list. timeout is the watchdog; a
# curl that keeps to its limit ends before, and says the status. An answer without an end would fill our memory: no more
# of it is read than comes in the time of the attempt at this rate.
send_curl() {
  escape "$cf_url$3"
  cf_config="url = \"$cf_escaped\""
  escape "$cf_token"
  [ -z "$cf_token" ] || cf_config="$cf_config${cf_nl}header = \"Authorization: Bearer $cf_escaped\""
  set -- curl -q -sS -g -K - -m "$(($1 - ($1 > 1)))" --limit-rate "$cf_answer_rate" --max-filesize "$cf_answer_bytes_max" \
    -X "$2" -H "Content-Type: ${5:-text/plain}" -H 'Expect:' --data-binary "$4" -w '\n%{http_code} %{content_type}'
  limit_and_send "$@"
}

# wget takes a header from its configuration, and that from a regular file only. It would follow a redirect with another
# method, and give the token to whoever is there. Before 1.15 it knows no method but POST.
send_wget() {
  cf_config='' cf_rc='' cf_form=--post
  case $cf_wget_help in *--method*) cf_form=--body ;; *) [ "$2" = POST ] || return ;; esac
  case $4 in @*) cf_body_option=$cf_form-file=${4#@} ;; *) cf_body_option=$cf_form-data=$4 ;; esac
  case $cf_wget_help in
    *--max-redirect*)
      # The start and the end may be sent at the same time. The wrapper removes all that begins with "$cf_run." at its end,
      # and the start may be on its way still.
      cf_rc=${3%%\?*}
      cf_rc=${cf_run:-${TMPDIR:-/tmp}/cronflow-run-$cf_host-$$-$cf_rid}-wgetrc-${cf_rc##*/}
      put "${cf_token:+header = Authorization: Bearer ${cf_token%%[[:cntrl:]]*}}" >"$cf_rc" || return
      set -- "$1" "$2" "$3" "--header=Content-Type: ${5:-text/plain}" "$cf_body_option" "$cf_url$3"
      # Without it an answer that refuses has no words.
      case $cf_wget_help in *--content-on-error*) set -- "$@" --content-on-error ;; esac
      [ "$cf_form" = --post ] || set -- "$@" "--method=$2"
      cf_text=$1
      shift 3
      set -- env "WGETRC=$cf_rc" wget -q -S -O - -T "$cf_text" -t 1 --max-redirect=0 "--limit-rate=$cf_answer_rate" "$@"
      ;;
    # A busybox that was built without -T crashes at it. The watchdog ends it as well.
    *) set -- wget -q -S -O - "$cf_body_option" "$cf_url$3" ;;
  esac
  cf_text=$(limit_and_send "$@" 2>&1)
  [ -z "$cf_rc" ] || rm -f "$cf_rc"
  [ "${#cf_text}" -le "$cf_reply_bytes_max" ] || return
  # A page may speak of HTTP as well, and wget sets a header off.
  cf_last=${cf_text##*'  HTTP/1.'[01] }
  [ "$cf_last" != "$cf_text" ] || return
  cf_type=${cf_last#*'ontent-'[Tt]'ype: '}
  [ "$cf_type" != "$cf_last" ] || cf_type=''
  cf_type=" ${cf_type%%[!a-z/+]*}"
  printf '%s\n%s%s' "$cf_text" "${cf_last%%[!0-9]*}" "$cf_type"
}

# limit_and_send PROGRAM ARG...: gives it cf_config to read, and cf_limit_s seconds, whatever it does: it may
# hold off every signal but KILL.
limit_and_send() {
  if [ -z "$cf_own_limit" ] && has timeout; then set -- timeout -s KILL "$cf_limit_s" "$@"
  else set -- sh -c "$cf_timeout_program" "$cf_limit_s" "$@"; fi
  # Some shells write a here-document to a file, and the disk may be full.
  case ${KSH_VERSION-}${BASH_VERSION-} in
    '' | 5.[1-9]* | [6-9].*) ;;
    *) put "$cf_config" | "$@"; return ;;
  esac
  exec "$@" <<CONFIG
$cf_config
CONFIG
}

# What timeout does, where there is none.
# shellcheck disable=SC2016 # for another shell
cf_timeout_program='exec 3<&0; "$@" <&3 3<&- & client=$!
  (exec >/dev/null 2>&1 3<&-; trap "kill -s KILL \$!; exit" TERM; sleep "$0" & wait "$!"; kill -s KILL "$client") &
  exec 3<&-; wait "$client"; code=$?; kill -s TERM "$!"; exit "$code"'

# --- Spool -----------------------------------------------------------------------------------------------------
#
# What could not be sent waits in a directory of its URL, as NAME.body (if there is output) and NAME.ping, which appears
# last. A ping counts once its last line is whole; one that is not may still be written (see replay). Names begin with the
# time of the writing. Cronflow keeps one of two equal pings, so sending one again does no harm.

# find_url_dir MAKE: sets cf_url_dir, which is named by two checksums of the URL, because a URL may hold a password. They
# take no process. Numbers stay below 2^31, because mksh knows no greater ones.
find_url_dir() {
  [ -z "$cf_url_dir" ] || return 0
  cf_rest=$cf_url cf_sum_a=1 cf_sum_b=1
  while [ -n "$cf_rest" ]; do
    cf_text=${cf_url_characters%%"${cf_rest%"${cf_rest#?}"}"*}
    cf_rest=${cf_rest#?}
    cf_sum_a=$(((cf_sum_a * 31 + ${#cf_text}) % 16777213))
    cf_sum_b=$(((cf_sum_b * 127 + ${#cf_text}) % 16777213))
  done
  find_spool "$1" "$cf_sum_a-$cf_sum_b" && cf_url_dir=$cf_dir
}

# Makes a file; fails if there is one already, so of several processes one makes it.
create() {
  set -C
  { true >"$1"; } 2>/dev/null
  set -- $?
  set +C
  return "$1"
}

# claim FILE PID: of several processes one has it, until it removes the file or ends. One at a time takes it from an owner that
# is no more: another could take away what the first has just made. Who was killed as it did that left a mark, which stays for
# a second more.
claim() {
  if ! create "$1"; then
    # Who made it is about to write to it. If that never happens, the next one has it.
    [ -s "$1" ] || { hush sleep 1; [ -s "$1" ] || hush rm -f "$1"; return 1; }
    ! owner_lives "$1" || return 1
    create "$1.mark" || { hush sleep 1; hush rm -f "$1.mark"; return 1; }
    [ ! -s "$1" ] || owner_lives "$1" || hush rm -f "$1"
    cf_claimed=''
    create "$1" && write_owner "$1" "$2" && cf_claimed=1
    hush rm -f "$1.mark"
    [ -n "$cf_claimed" ]
    return
  fi
  write_owner "$1" "$2"
}

# With perl one process does what mkdir, date, cat and rm do without it: it makes the directory, keeps the body in it, says
# the time, with which the name begins, and removes the files of this run but for what is still to be said.
# shellcheck disable=SC2016 # perl's variables
cf_perl_keeper='my ($dir, $name, $body, @files) = @ARGV;
  my $path = "";
  for (split m{/}, $dir) { $path .= "$_/"; -d $path or mkdir $path or -d $path or exit 1 }
  exit 1 if -l $dir or !-o $dir;
  my $now_ms = eval { require Time::HiRes; int 1000 * Time::HiRes::time() } || time . "000";
  my $file = "$dir/$now_ms-$name.body";
  if ($body =~ s/^@//) { open IN, "<", $body; local $/; $body = <IN> // "" } elsif ($body ne "") { $body .= "\n" }
  $body eq "" or open OUT, ">", $file and print OUT $body and close OUT or unlink $file;
  print $now_ms;
  -s && /[.]note$/ or unlink for @files;'

# keep_body DIR: sets cf_kept_ms to the time if perl did all that, else to nothing.
keep_body() {
  cf_kept_ms='' cf_taken=''
  set -- "$1" "$cf_kept_name" "$cf_kept_body"
  [ -z "$cf_run" ] || set -- "$@" "$cf_run".*
  ! has perl || { take run_keeper "$@"; } 2>/dev/null
  case $cf_taken in *[!0-9]* | '' | ??????????) ;; *) cf_kept_ms=$cf_taken ;; esac
  make_dir "$1"
}

run_keeper() {
  unset PERL5OPT PERL5LIB PERL5DB PERL_UNICODE PERLIO
  exec perl -e "$cf_perl_keeper" "$@"
}

# spool_ping KIND BODY: keeps the ping described last.
spool_ping() {
  cf_url_dir='' cf_kept_ms='' cf_kept_name=$cf_rid-$1 cf_kept_body=$2
  find_url_dir keep_body || return 1
  cf_wall_ms=$cf_kept_ms
  [ -n "$cf_wall_ms" ] || read_wall
  read_uptime
  cf_ping_ms=0
  [ "$cf_wall_ms" = 0 ] ||
    cf_ping_ms=$((${cf_wall_ms%???} - (cf_cs - cf_ping_cs) / 100))${cf_wall_ms#"${cf_wall_ms%???}"}
  set -- "$cf_url_dir/$cf_wall_ms-$cf_rid-$1" "$2"
  [ -z "$cf_kept_ms" ] || set -- "$1" ''
  cf_spool_fault="$cf_url_dir cannot be written (a full disk, a quota or a lack of permission)"
  {
    # A full disk costs the output and not the ping.
    case $2 in '') ;; @*) cat "${2#@}" >"$1.body" ;; *) put "$2" >"$1.body" ;; esac || hush rm -f "$1.body"
    put "$cf_path$cf_nl$cf_query$cf_nl$cf_ping_ms$cf_nl$cf_ping_cs$cf_nl${cf_ping_boot:--}" >"$1.ping" ||
      { drop "$1.ping"; return 1; }
  } 2>/dev/null
  set -- "$cf_url_dir"/*.ping
  [ $# -le "$cf_spool_entries_max" ] || { say "the spool is full: dropped the oldest ping in $cf_url_dir" && drop "$1"; }
}

drop() { hush rm -rf "$1" "${1%.ping}.body"; }

# Costs no process.
is_spool_empty() {
  find_url_dir '' || return 0
  for cf_entry in "$cf_url_dir"/*.ping "$cf_url_dir/outage"; do
    [ ! -e "$cf_entry" ] || return 1
  done
}

# is_older FILE MILLISECONDS: by its name, and the wall clock that was read last.
is_older() {
  cf_old=${1##*/} cf_old=${cf_old%%-*}
  # No other name is ours.
  is_number "$cf_old" || cf_old=0
  since "$cf_old"
  [ "$cf_since_ms" -gt "$2" ]
}

# The name may come from a clock that had not been set yet, so what the ping itself says counts.
is_too_old() {
  is_older "$1" "$cf_spool_age_ms_max" && [ -e "$1" ] || return 1
  read_entry "$1" || return 0
  measure_age
  [ "$cf_age_ms" -gt "$cf_spool_age_ms_max" ]
}

# Several wrappers may see what is too old; the one that has the claim drops it and says so. Names begin with a time, so
# where the first one is not too old, none is.
drop_old() {
  read_wall
  set -- "$cf_url_dir"/*.ping
  is_older "$1" "$cf_spool_age_ms_max" && [ -e "$1" ] && claim "$cf_url_dir/busy" "$$" || return 0
  cf_count=0
  set --
  for cf_entry in "$cf_url_dir"/*.ping; do
    is_too_old "$cf_entry" || continue
    set -- "$@" "$cf_entry" "${cf_entry%.ping}.body"
    cf_count=$((cf_count + 1))
    [ $# -lt 200 ] || { hush rm -rf "$@" && set --; }
  done
  hush rm -rf "$@" "$cf_url_dir/busy"
  case $cf_count in 0) return ;; 1) cf_text='a ping' ;; *) cf_text="$cf_count pings" ;; esac
  say "dropped $cf_text that could not be sent for 7 days"
}

# read_entry FILE: sets what describe set for the ping that waits there. Fails if it is not whole, or not ours: no URL of
# ours has other characters, and curl would refuse one that has. What is no number would end the shell.
read_entry() {
  # Nobody may ever write to a pipe.
  [ -f "$1" ] || return 1
  {
    read -r cf_path && read -r cf_query && read -r cf_ping_ms && read -r cf_ping_cs && read -r cf_ping_boot
  } 2>/dev/null <"$1" || return 1
  case $cf_path$cf_query in *[!A-Za-z0-9._~%/=\&-]*) return 1 ;; /jobs/*/*) ;; *) return 1 ;; esac
  is_number "$cf_ping_ms" && is_number "$cf_ping_cs"
}

# Sends what waits, oldest first; one wrapper at a time. Stops where the monitor does not answer, or answers three in a
# row with an error: one ping that it cannot take must not hold up the rest.
replay() {
  # In a process of its own it lives longer than who started it.
  cf_self=$$
  { read -r cf_self cf_rest <"$cf_proc/self/stat"; } 2>/dev/null
  find_url_dir '' && claim "$cf_url_dir/busy" "$cf_self" || return 1
  cf_failures=0 cf_barred=' '
  for cf_entry in "$cf_url_dir"/*.ping; do
    [ -e "$cf_entry" ] || continue
    if ! read_entry "$cf_entry"; then
      # What is torn may still be written by somebody, and what cannot be read may be read later.
      read_wall
      { [ -r "$cf_entry" ] && is_older "$cf_entry" "$cf_torn_ms_max" && drop "$cf_entry"; } || :
      continue
    fi
    # What is too old is left to drop_old, which says so.
    measure_age
    [ "$cf_age_ms" -le "$cf_spool_age_ms_max" ] || continue
    case $cf_barred in *" ${cf_path%/*} "*) continue ;; esac
    cf_body=${cf_entry%.ping}.body
    if [ -f "$cf_body" ] && [ -r "$cf_body" ]; then cf_body=@$cf_body; else cf_body=''; fi
    cf_left_s=$cf_attempt_s
    if [ -n "$cf_replay_until_cs" ]; then
      cf_left_s=$(((cf_replay_until_cs - cf_cs) / 100))
      [ "$cf_left_s" -gt 0 ] || break
    fi
    send_ping "$cf_left_s" "$cf_body"
    case $cf_answer:$cf_status in
      # A token may be for some jobs only, and this is not the wrapper whose token it was.
      refused:40[13]) cf_barred="$cf_barred${cf_path%/*} " ;;
      stored:* | refused:*) drop "$cf_entry" && cf_failures=0 ;;
      failed:*) cf_failures=$((cf_failures + 1)) ;;
      *) cf_failures=3 ;;
    esac
    [ "$cf_failures" -lt 3 ] || break
  done
  rm -f "$cf_url_dir/busy"
  [ "$cf_failures" -gt 0 ] || rm -f "$cf_url_dir/outage"
}

# Says whether what we leave behind ends with us: as the first process of a container or the main one of a unit of systemd, or
# a child of the first.
ends_with_us() { [ "$$" = 1 ] || [ "$PPID" -le 1 ] || [ -n "${INVOCATION_ID-}" ]; }

# Sends what waits: in the background, or within the time of the end where no process of ours stays.
replay_soon() {
  cf_replay_until_cs=''
  if [ -n "$cf_may_stay" ] && ! ends_with_us; then replay_later && return 0; fi
  cf_replay_until_cs=$cf_give_up_cs
  (replay_bg '') &
  wait_until_gone "$!"
}

# replay_later [PAUSES]: sends what waits in the background, at once or after each of these many seconds. While the
# monitor is away one process waits for all runs: who comes later leaves a word that it is to wait once more.
replay_later() {
  [ -n "$cf_may_stay" ] || return 0
  if [ -n "${1-}" ]; then
    until claim "$cf_url_dir/waiting" "$$"; do
      { true >"$cf_url_dir/again"; } 2>/dev/null || return 0
      [ ! -e "$cf_url_dir/waiting" ] || return 0
    done
  fi
  (replay_bg "${1-}") </dev/null >/dev/null 2>&1 &
  [ -z "${1-}" ] || write_owner "$cf_url_dir/waiting" "$!"
}

# It holds nothing of the caller's.
replay_bg() {
  helper
  exec </dev/null >/dev/null 2>&1
  cf_say_fd='' LC_ALL=C
  [ -n "$1" ] || { replay; return; }
  while [ ! -e "$cf_url_dir/again" ] || rm -f "$cf_url_dir/again"; do
    wait_and_replay "$1" && [ -e "$cf_url_dir/again" ] || break
  done
  rm -f "$cf_url_dir/waiting" "$cf_url_dir/again"
}

# wait_and_replay PAUSES: ends early, with 1, when others have sent what waits.
wait_and_replay() {
  for cf_pause_s in $1; do
    while [ "$cf_pause_s" -gt 0 ]; do
      hush sleep 5
      [ -d "$cf_spool" ] && ! is_spool_empty || return
      cf_pause_s=$((cf_pause_s - 5))
    done
    replay
    ! is_spool_empty || return
  done
}

# --- The end ---------------------------------------------------------------------------------------------------

# send_end KIND QUERY BODY: within cf_end_wait seconds in all.
send_end() {
  read_uptime
  describe "$1" "$2" "$cf_cs"
  cf_give_up_cs=$((cf_cs + cf_end_cs_max)) cf_answer=unreachable cf_pause_s=1
  while :; do
    read_uptime
    cf_left_s=$(((cf_give_up_cs - cf_cs) / 100))
    [ "$cf_left_s" -gt 0 ] || break
    send_ping "$cf_left_s" "$3"
    # The command may have ended before the declaration came, or the declaration was lost.
    case ${cf_schedule:+$cf_answer}:$cf_reply in
      refused:*'"unknown_job"'*)
        declare_job "$cf_left_s"
        case $cf_answer in stored | refused) cf_schedule='' && continue ;; esac
        ;;
    esac
    [ "$cf_answer" = failed ] && [ "$cf_left_s" -gt $((cf_pause_s * 2)) ] || break
    hush sleep "$cf_pause_s"
    cf_pause_s=$((cf_pause_s * 2))
  done
  case $cf_answer in
    stored) is_spool_empty || { drop_old; replay_soon; } ;;
    refused) say "the monitor refused the ping: $cf_status ${cf_detail:-(no reason given)}" ;;
    *) keep_end "$1" "$3" ;;
  esac
}

# One line for an outage of the monitor, not one for each run.
keep_end() {
  cf_why='no answer from the monitor'
  case $cf_answer:$cf_status in
    failed:2*) cf_why="something that is not Cronflow answered $cf_status" ;;
    failed:3*) cf_why="the monitor answered $cf_status, and no redirect is followed" ;;
    failed:*) cf_why="the monitor answered $cf_status" ;;
  esac
  [ "$cf_end_wait" -gt 0 ] || cf_why='not waiting for the monitor'
  find_client
  [ -n "$cf_client" ] || cf_why=$cf_client_fault
  if spool_ping "$1" "$2"; then
    if [ "$cf_end_wait" -gt 0 ] && create "$cf_url_dir/outage"; then
      name_url
      say "$cf_why: pings are kept in $cf_url_dir until it takes them ($cf_text)"
    fi
    [ -z "$cf_client" ] || replay_later '5 20 60'
  else
    name_url
    say "$cf_why and the ping is lost: $cf_spool_fault; CRONFLOW_SPOOL_DIR may name another directory ($cf_text)"
  fi
}

# Sets cf_text to which monitor was asked, without a password, and to what the client made of it.
name_url() {
  cf_text=$cf_url
  case $cf_url in *@*) cf_text="***@${cf_url##*@}" ;; esac
  cf_text="CRONFLOW_URL is $cf_text"
  case $cf_answer:$cf_client:$cf_client_code in
    unreachable:curl:3) cf_text="$cf_text: curl takes that for no URL" ;;
    unreachable:curl:6) cf_text="$cf_text: that host is not known" ;;
    unreachable:curl:7) cf_text="$cf_text: it takes no connection" ;;
    unreachable:curl:28) cf_text="$cf_text: it took too long" ;;
    unreachable:curl:35 | unreachable:curl:51 | unreachable:curl:60 | unreachable:curl:77) cf_text="$cf_text: no secure connection, or a certificate that is not trusted" ;;
    unreachable:curl:[1-9]*) cf_text="$cf_text: curl ended with $cf_client_code" ;;
  esac
}

# Sets cf_killed_by, the name of the signal that ended the command.
name_signal() {
  cf_killed_by=$cf_timed_out
  [ -z "$cf_killed_by" ] || return 0
  if [ -n "$cf_signal" ] && [ "$cf_code" -ne 0 ]; then
    cf_killed_by=$cf_signal
  elif [ "$cf_code" -gt 128 ] && [ "$cf_code" -le 159 ]; then
    cf_killed_by=$(kill -l $((cf_code - 128)) 2>/dev/null)
    cf_killed_by=${cf_killed_by#SIG}
  fi
}

# Sets cf_kind and cf_note. The exit code decides in Cronflow wherever it is sent, so where something else decides it is
# left out and stands in the output.
judge() {
  cf_kind=success cf_note='' cf_judged_query="&exit_code=$cf_code"
  [ "$cf_code" = 0 ] || cf_kind=failure
  if [ -n "$cf_success_codes" ]; then
    case ,$cf_success_codes, in *",$cf_code,"*) cf_judged=success ;; *) cf_judged=failure ;; esac
    [ "$cf_judged" = "$cf_kind" ] || cf_note="exit code $cf_code counts as a $cf_judged (--success-codes)"
    cf_kind=$cf_judged
  fi
  if [ "$cf_kind" = success ] && [ -n "$cf_wrote_stderr" ]; then
    cf_kind=failure cf_note='it wrote to stderr (--stderr-is-failure)'
  fi
  [ -z "$cf_note" ] || cf_judged_query=''
}

# The output could not be written, so the command did not do what was asked, whatever it says.
fail_undelivered() {
  [ -n "$cf_undelivered" ] && [ "$cf_code" = 0 ] || return 0
  case $cf_undelivered:$cf_ignored:$cf_signal in
    141:*[13579bdf]???:*) cf_code=1 ;;
    141:*) cf_code=141 ;;
    137:*:HUP) cf_code=129 ;;
    137:*:INT) cf_code=130 ;;
    137:*:QUIT) cf_code=131 ;;
    137:*:TERM) cf_code=143 ;;
    *) cf_code=1 ;;
  esac
  say 'the command ended with 0, but its output could not be written'
}

collect_output() {
  cf_dropped=0 cf_captured=$cf_keeper cf_wrote_stderr=''
  [ -n "$cf_run" ] || return 0
  if [ -n "$cf_stderr_is_failure" ]; then
    if [ -s "$cf_run.wrote" ] || [ -e "$cf_run.marked" ]; then cf_wrote_stderr=1; fi
    if [ "$cf_err" = file ] && read_pos "$cf_say_fd" && [ $((cf_pos - cf_own_bytes)) -gt "${cf_err_from:-$cf_pos}" ]; then
      cf_wrote_stderr=1
    fi
  fi
  # What was relayed into the file is read from it.
  [ -z "$cf_err_in_out" ] || true >"$cf_run.tail"
  read_file 1 "$cf_out" "$cf_out_from"
  read_file "$cf_say_fd" "$cf_err" "$cf_err_from"
}

# Prints what --output-on-failure held back.
print_held() {
  [ -n "$cf_held" ] || return 0
  if [ ! -s "$cf_run.held" ] && [ -s "$cf_run.tail" ]; then
    say "--output-on-failure: $cf_tmp has no room for the output, so it was not held back"
  fi
  [ "$cf_kind" = failure ] || return 0
  find_cat
  eval "$cf_cat <\"\$cf_run.held\" >&$cf_held" 2>/dev/null || cf_undelivered=1
  cf_printed=1
}

# What the end delivers where no process can be had, and nothing can be sent. Of what was held back the byte 0 is missing,
# because no shell can read it.
finish_alone() {
  cf_alone=1 cf_quiet=1
  finish_relays
  fail_undelivered
  [ -n "$cf_held" ] && [ -z "$cf_printed" ] || return 0
  judge
  [ "$cf_kind" = failure ] || return 0
  { while IFS= read -r cf_line || [ -n "$cf_line" ]; do put "$cf_line"; done <"$cf_run.held" >&"$cf_held"; } 2>/dev/null
}

finish() {
  cf_duration_ms=$(((cf_end_cs - cf_start_cs) * 10))
  [ -z "$cf_beater" ] || stop_waiter "$cf_beater"
  [ -z "$cf_canary" ] || kill -s KILL "$cf_canary" 2>/dev/null
  release_lock
  # The relays deliver meanwhile.
  settle_start
  finish_relays
  if [ -n "$cf_timed_out" ] && [ "$cf_code" = 0 ]; then cf_code=124; fi
  [ -z "$cf_disable" ] || return 0
  fail_undelivered
  collect_output
  judge
  print_held
  fail_undelivered
  cf_pid=''
  name_signal
  cf_body=''
  if [ -n "$cf_no_output" ]; then cf_captured=''; elif [ -n "$cf_run" ] && [ -s "$cf_run.tail" ]; then cf_body=@$cf_run.tail; fi
  if [ -n "$cf_note" ]; then
    if [ -z "$cf_body" ]; then cf_body="cronflow: $cf_note"; else printf 'cronflow: %s\n' "$cf_note" >>"$cf_run.tail"; fi
  fi
  cf_end_query="$cf_judged_query&duration_ms=$cf_duration_ms${cf_killed_by:+&signal=$cf_killed_by}"
  [ -n "$cf_captured" ] || cf_end_query="$cf_end_query&captured=false"
  [ "$cf_dropped" = 0 ] || cf_end_query="$cf_end_query&output_dropped_bytes=$cf_dropped"
  send_end "$cf_kind" "$cf_end_query" "$cf_body"
  say_notes
}

say_notes() {
  [ -n "$cf_run" ] || return 0
  while IFS= read -r cf_line; do tell "$cf_line"; done 2>/dev/null <"$cf_run.note"
  set -- "$cf_run".*
  [ ! -e "$1" ] || hush rm -f "$@"
}

# --- The wrapper -----------------------------------------------------------------------------------------------

dry_run() {
  cf_say_at_once=1
  say_collected
  find_spool '' . || cf_spool="none yet: $cf_spool_fault"
  {
    printf 'job      %s\nmonitor  %s\n' "$cf_job" "$cf_url"
    printf 'token    %s\n' "$([ -n "$cf_token${CRONFLOW_PING_TOKEN_FILE-}" ] && echo yes || echo none)"
    printf 'timeout  %s\n' "${cf_timeout:+${cf_timeout}s, then KILL after ${cf_kill_after}s}"
    printf 'lock     %s\n' "${cf_lock:+yes}"
    printf 'output   %s\n' "$([ -n "$cf_no_output" ] && echo 'not sent' || echo "its last $cf_output_bytes bytes")"
    printf 'spool    %s\n' "$cf_spool"
    printf 'reports  %s\n' "$([ -n "$cf_disable" ] && echo 'nothing (disabled)' || echo 'start and end')"
    printf 'command '
    printf " '%s'" "$@"
    printf '\n'
  } >&2
}

# Keeps the command in arrays, for a trap. mksh walks through an array to add to it, so with all arguments in one array
# thirty thousand of them took it more than a minute on a busy machine.
keep_args() {
  cf_parts='' cf_turn=0
  for cf_word in "$@"; do
    cf_part=$((cf_turn / 300))
    [ $((cf_turn % 300)) != 0 ] || cf_parts="$cf_parts $cf_part"
    eval "cf_args_${cf_part}[cf_turn % 300]=\$cf_word"
    cf_turn=$((cf_turn + 1))
  done
}

# Where a shell ends because it cannot start a process: the command runs all the same, or is waited for.
on_exit() {
  # bash, which could start no process, waits for all others after the first simple command here. So that one ends the
  # relays, which have nothing yet, and from there on the real streams are in place of theirs.
  case $cf_stage$cf_pid:$cf_try:$cf_relay_pids:$cf_helpers in
    running:0:*[0-9]:) { leave_relays; end_alone "$@"; } >&"${cf_real_fd:-1}" ;;
    *:*[0-9])
      # shellcheck disable=SC2086 # several
      kill -s KILL $cf_helpers 2>/dev/null
      ;;
    *) cf_status=$? ;;
  esac
  end_alone "$@"
}

leave_relays() {
  # shellcheck disable=SC2086 # several
  kill -s KILL $cf_relay_pids
  [ -z "$cf_out_fd" ] || { eval "exec $cf_out_fd>&-" && cf_out_fd=''; }
  [ "$cf_err" != relay ] || { eval "exec $cf_err_fd>&-" && cf_err_fd=$cf_say_fd; }
}

end_alone() {
  trap - EXIT
  case $cf_stage in
    over) exit "$cf_status" ;;
    running)
      # Our own hold on the relays would keep them waiting.
      [ -z "$cf_pid" ] || { drop_streams; cf_alone=1 cf_forwarding=''; forward_pending; wait_for_command; finish_alone; exit "$cf_code"; }
      ;;
    ended) finish_alone; exit "$cf_code" ;;
  esac
  # No process can be had to decode a line break in a variable either. The watcher's own stdout is the pipe of the code.
  cf_out_fd=${cf_out_fd:-$cf_held} cf_pid_of_group='' cf_unignore='' cf_soh=$cf_nl
  # A trap finds the arguments of the function that failed in place of the command, in the shells that have arrays.
  if [ -n "$cf_arrays" ]; then
    set --
    for cf_part in $cf_parts; do eval "set -- \"\$@\" \"\${cf_args_${cf_part}[@]}\""; done
  fi
  # What came for the command ends it, or it would go on for ever.
  # shellcheck disable=SC2086 # several
  trap - $cf_signals
  for cf_name in $cf_pending; do kill -s "$cf_name" "$$"; done
  # A shell leaves the pipe open for which it could start no process.
  # shellcheck disable=SC2086 # several
  close_inherited $cf_given_fds $cf_high_fds $cf_in_fd $cf_out_fd $cf_err_fd $cf_lock_fd
  become_command "$@"
}

run_command() {
  cf_stage=running
  cf_try=0
  while :; do
    cf_pid='' cf_timed_out='' cf_awaited='' cf_sent=''
    ! runs_in_foreground || start_beside
    launch "$@"
    hand_over_lock
    runs_in_foreground || start_beside
    if [ -n "$cf_pid" ]; then
      [ "$cf_try" -lt "$cf_retry" ] || drop_streams
      forward_pending
    fi
    say_collected
    [ -z "$cf_pid" ] || wait_for_command
    read_uptime
    cf_end_cs=$cf_cs
    [ -z "$cf_timer" ] || stop_timer
    try_again || break
  done
  drop_streams
  # A process that is started later could hold it for a moment longer than we do.
  close_inherited "$cf_say_fd" "$cf_err_fd" "$cf_held" "$cf_lock_fd"
  leave_directory
  cf_stage=ended
}

# Says whether the command should run once more, after the delay.
try_again() {
  [ "$cf_try" -lt "$cf_retry" ] && [ -z "$cf_signal$cf_timed_out" ] || return 1
  case ,${cf_success_codes:-0}, in *",$cf_code,"*) return 1 ;; esac
  # What was passed on to the command may have ended it.
  [ -z "$cf_sent" ] || name_signal
  case "$cf_sent " in *" ${cf_killed_by:-none} "*) return 1 ;; esac
  # What the limit leaves no time for is not begun.
  [ -z "$cf_timeout" ] || [ $(((cf_end_cs - cf_start_cs) / 100 + cf_retry_delay)) -lt "$cf_timeout" ] || return 1
  cf_try=$((cf_try + 1)) cf_pid=''
  # What we write to the command's file between two tries is not the command's.
  cf_own_from=''
  [ "$cf_err" != file ] || ! read_pos "$cf_say_fd" || cf_own_from=$cf_pos
  say "exit code $cf_code: try $((cf_try + 1)) of $((cf_retry + 1))"
  [ -z "$cf_own_from" ] || ! read_pos "$cf_say_fd" || cf_own_bytes=$((cf_own_bytes + cf_pos - cf_own_from))
  [ "$cf_retry_delay" != 0 ] || return 0
  (close_inherited && exec </dev/null >/dev/null 2>&1 && exec sleep "$cf_retry_delay") &
  while kill -0 "$!" 2>/dev/null && ! was_told_to_end; do wait "$!"; done
  kill -s KILL "$!" 2>/dev/null
  ! was_told_to_end
}

was_told_to_end() {
  for cf_name in $cf_pending; do
    case $cf_name in TERM | INT | HUP | QUIT) cf_signal=$cf_name && return ;; esac
  done
  return 1
}

# What is there beside the command.
start_beside() {
  [ -z "$cf_timeout" ] || { (timer_bg) & cf_timer=$!; }
  [ "$cf_try" = 0 ] && [ -z "$cf_disable" ] || return 0
  [ -n "$cf_no_start" ] && [ -z "$cf_schedule" ] || { (start_bg) & cf_starter=$!; }
  [ -z "$cf_beat" ] || { (beat_bg) & cf_beater=$!; }
}

# A signal that comes before its trap stands ends the shell, as it would have ended the command. So the trap on EXIT, which
# would run the command all the same, is set after these.
prepare() {
  check_options
  if [ -n "$cf_dry_run" ]; then dry_run "$@"; exit 0; fi
  [ -z "$cf_arrays" ] || keep_args "$@"
  trap : XFSZ
  # bash loses a signal that comes with another one, and timeout sends CONT with each.
  [ -z "${BASH_VERSION-}" ] || cf_signals=${cf_signals% CONT}
  # Only Linux has PWR.
  for cf_name in $cf_signals; do catch_signal "$cf_name"; done 2>/dev/null
}

main() {
  look_around
  read_token
  find_high_fds
  plan_signals
  cf_start_s=$cf_attempt_s
  [ "$cf_end_wait" = 0 ] || [ "$cf_end_wait" -ge "$cf_start_s" ] || cf_start_s=$cf_end_wait
  # The first attempt at the end gets all of the time, though a moment has passed when it begins.
  cf_end_cs_max=$((cf_end_wait * 100 + 50))
  CRONFLOW_JOB=$cf_job CRONFLOW_RUN_ID=$cf_rid CRONFLOW_URL=$cf_url
  export CRONFLOW_JOB CRONFLOW_RUN_ID CRONFLOW_URL
  if [ -n "$cf_lock" ] && ! take_lock; then
    cf_stage=over
    say 'still running, skipped'
    say_collected
    [ -n "$cf_disable" ] || send_end skip '' ''
    await_said
    exit 0
  fi
  if [ -n "$cf_disable" ]; then
    leave_streams
    [ -n "$cf_lock$cf_timeout$cf_lines" ] || [ "$cf_retry" != 0 ] || exit 0
  else
    plan_capture
  fi
  cf_tty=''
  if { true </dev/tty; } 2>/dev/null; then cf_tty=1; else cf_pid_of_group=1; fi
  [ -n "$cf_setsid" ] || cf_pid_of_group=''
  # In a session of its own setsid would go on in another process and not wait for it.
  case $1 in setsid | */setsid) cf_pid_of_group='' ;; esac
  start_canary
  read_uptime
  cf_start_cs=$cf_cs
  run_command "$@"
  finish
  await_said
  cf_stage=over
  exit "$cf_code"
}

cf_proc=/proc/none cf_stage=early cf_arrays='' cf_own_limit=''
# What we say.
cf_quiet='' cf_job='' cf_say_at_once='' cf_collect=1 cf_lines='' cf_sayer=''
# Descriptors and streams.
cf_say_fd=2 cf_err_fd=2 cf_in_fd='' cf_out_fd='' cf_real_fd='' cf_relay_pids='' cf_code_fd='' cf_pipe_fd='' cf_lock_fd='' cf_held=''
cf_given_fds='' cf_high_fds='' cf_err='' cf_err_in_out='' cf_run='' cf_out_from='' cf_err_from='' cf_own_bytes=0 cf_undelivered='' cf_helpers='' cf_printed=''
# The command, and what is there beside it.
cf_pid='' cf_pid_of_group='' cf_pending='' cf_signal='' cf_interrupted='' cf_forwarding='' cf_was_stopped='' cf_alone=''
cf_sent='' cf_killed_by='' cf_timed_out='' cf_unignore='' cf_soh='' cf_timer='' cf_beater='' cf_starter='' cf_canary=''
# The spool and the lock.
cf_spool='' cf_url_dir='' cf_replay_until_cs='' cf_wget_help='' cf_client_code=0 cf_spool_fault='' cf_lock_file='' cf_link_lock='' cf_owner_elsewhere=''
[ -z "${BASH_VERSION-}${KSH_VERSION-}" ] || cf_arrays=1
read_environment
find_command "$@"
shift "$cf_words"
if [ -n "$cf_bare" ]; then
  cf_say_at_once=1
  say "$cf_bare: running the command, reporting nothing"
  say_collected
  # shellcheck disable=SC3038 # bash
  [ -z "${BASH_VERSION-}" ] || exec -- "$@"
  exec "$@"
fi
prepare "$@"
trap 'on_exit "$@"' EXIT
main "$@"
