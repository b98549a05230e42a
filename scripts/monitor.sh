#!/bin/sh
# shellcheck disable=SC2317 # what only traps call looks unreachable
#
# Runs a command and tells Cronflow when it starts and how it ends.
#
#   monitor.sh [OPTIONS] JOB [--] COMMAND [ARG...]
#
# POSIX sh (dash, bash, busybox). Needs curl; without it the command runs all the same. docs/wrapper.md has the
# rest. Whatever happens to the monitor, the disk or the network, the command runs and its exit code comes back.
#
# Every variable begins with cf_, because assigning to a name that the caller exported would change it for the
# command. Functions whose names end in _bg run in a subshell of their own and may change what they like.

# An exported SHELLOPTS must neither end the wrapper early nor export its variables.
set +e +u +a
unset cf_token

cf_end_budget_s=8        # all attempts at the end ping together; rounded up and with overhead below 10 s
cf_attempt_s=5           # one attempt at it, so that a hanging monitor leaves time for another
cf_start_attempt_s=10    # the start ping is in nobody's way
cf_drain_s=1             # how long a stream held open by a daemonised grandchild is waited for
cf_retry_for_s=3600      # how long a detached process goes on retrying
cf_claim_stale_s=120     # a claim older than this belongs to a process that was killed
cf_spool_entries_max=1000
cf_spool_age_ms_max=604800000  # 7 days: Cronflow clamps delay_ms there, so an older ping would be misdated
cf_output_bytes_max=100000

usage() {
  cat >&2 <<'USAGE'
usage: monitor.sh [OPTIONS] JOB [--] COMMAND [ARG...]

Runs COMMAND and tells Cronflow that JOB started and how it ended. The exit code is the command's.

  --timeout DURATION     end the command after 90s, 5m, 1h30m ... (TERM, then KILL)  CRONFLOW_TIMEOUT
  --kill-after DURATION  how long after TERM comes KILL (10s)                        CRONFLOW_KILL_AFTER
  --lock                 do not run while the same job is still running              CRONFLOW_LOCK=1
  --no-output            do not send the end of the output                           CRONFLOW_NO_OUTPUT=1
  --quiet                print nothing to stderr                                     CRONFLOW_QUIET=1
  --dry-run              print what would be done; run and send nothing              CRONFLOW_DRY_RUN=1
  --help                 print this

Environment: CRONFLOW_URL (http://127.0.0.1:8000), CRONFLOW_PING_TOKEN or CRONFLOW_PING_TOKEN_FILE,
CRONFLOW_SPOOL_DIR, CRONFLOW_OUTPUT_BYTES (10000), CRONFLOW_DISABLE=1 (run the command, report nothing).
USAGE
}

say() {
  [ -n "$cf_quiet" ] || printf 'cronflow: %s: %s\n' "${cf_job:-?}" "$1" >&2
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# --- Options ---------------------------------------------------------------------------------------------------

# is_true NAME VALUE: an unclear word counts as no: a typo must not keep a job from running.
is_true() {
  case $2 in
    1 | true | yes | on | TRUE | True) return 0 ;;
    '' | 0 | false | no | off | FALSE | False) return 1 ;;
  esac
  say "$1=$2 is neither 1 nor 0, ignored"
  return 1
}

# duration_s TEXT: sets cf_seconds; a bare number counts as seconds, as for timeout(1).
duration_s() {
  cf_left=$1 cf_seconds=0 cf_unit_s_max=999999
  case $1 in '' | *[!0-9dhms]* | [dhms]* | *[dhms][dhms]*) return 1 ;; esac
  case $1 in *[!0-9]*) ;; *) cf_left=${1}s ;; esac
  while [ -n "$cf_left" ]; do
    cf_number=${cf_left%%[dhms]*}
    cf_rest=${cf_left#"$cf_number"}
    cf_left=${cf_rest#?}
    unit_s "${cf_rest%"$cf_left"}" || return 1
    [ "$cf_unit_s" -lt "$cf_unit_s_max" ] && [ ${#cf_number} -le 9 ] || return 1
    cf_unit_s_max=$cf_unit_s
    # A leading zero would make the shell read an octal number.
    while [ "${cf_number#0?}" != "$cf_number" ]; do cf_number=${cf_number#0}; done
    cf_seconds=$((cf_seconds + cf_number * cf_unit_s))
  done
  [ "$cf_seconds" -gt 0 ]
}

unit_s() {
  case $1 in
    d) cf_unit_s=86400 ;;
    h) cf_unit_s=3600 ;;
    m) cf_unit_s=60 ;;
    s) cf_unit_s=1 ;;
    *) return 1 ;;
  esac
}

set_timeout() {
  if duration_s "$2"; then
    cf_timeout_s=$cf_seconds
  else
    say "$1: '$2' is not a duration such as 90s, 5m or 1h30m; running without a time limit"
  fi
}

set_kill_after() {
  if duration_s "$2"; then
    cf_kill_after_s=$cf_seconds
  else
    say "$1: '$2' is not a duration such as 90s, 5m or 1h30m; using ${cf_kill_after_s}s"
  fi
}

set_output_bytes() {
  case $1 in
    '') return ;;
    *[!0-9]* | 0* | ????????*) say "CRONFLOW_OUTPUT_BYTES: '$1' is not a number of bytes; using $cf_output_bytes" ;;
    *)
      cf_output_bytes=$1
      [ "$1" -le "$cf_output_bytes_max" ] || cf_output_bytes=$cf_output_bytes_max
      ;;
  esac
}

set_defaults() {
  cf_job='' cf_quiet='' cf_lock='' cf_no_output='' cf_dry_run='' cf_disabled=''
  cf_timeout_s='' cf_kill_after_s=10 cf_output_bytes=10000
  cf_url=${CRONFLOW_URL:-http://127.0.0.1:8000}
  cf_url=${cf_url%/}
  # The token leaves the environment before anything is started.
  cf_token=${CRONFLOW_PING_TOKEN-}
  unset CRONFLOW_PING_TOKEN
}

# Run after the flags, which may have set --quiet and win over the environment.
read_environment() {
  is_true CRONFLOW_QUIET "${CRONFLOW_QUIET-}" && cf_quiet=1
  is_true CRONFLOW_LOCK "${CRONFLOW_LOCK-}" && cf_lock=1
  is_true CRONFLOW_NO_OUTPUT "${CRONFLOW_NO_OUTPUT-}" && cf_no_output=1
  is_true CRONFLOW_DRY_RUN "${CRONFLOW_DRY_RUN-}" && cf_dry_run=1
  is_true CRONFLOW_DISABLE "${CRONFLOW_DISABLE-}" && cf_disabled=1
  [ -z "${CRONFLOW_KILL_AFTER-}" ] || set_kill_after CRONFLOW_KILL_AFTER "$CRONFLOW_KILL_AFTER"
  [ -z "$cf_kill_after_flag" ] || set_kill_after --kill-after "$cf_kill_after_flag"
  if [ -n "$cf_has_timeout_flag" ]; then
    set_timeout --timeout "$cf_timeout_flag"
  elif [ -n "${CRONFLOW_TIMEOUT-}" ]; then
    set_timeout CRONFLOW_TIMEOUT "$CRONFLOW_TIMEOUT"
  fi
  set_output_bytes "${CRONFLOW_OUTPUT_BYTES-}"
}

# parse ARG...: sets cf_words, how many arguments precede the command.
parse() {
  cf_words=0 cf_has_job='' cf_has_timeout_flag='' cf_timeout_flag='' cf_kill_after_flag='' cf_unknown=''
  while [ $# -gt 0 ]; do
    cf_took=1
    case $1 in
      --)
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
    --lock) cf_lock=1 ;;
    --no-output) cf_no_output=1 ;;
    --quiet) cf_quiet=1 ;;
    --dry-run) cf_dry_run=1 ;;
    --help | -h) usage && exit 0 ;;
    --timeout=*) cf_has_timeout_flag=1 cf_timeout_flag=${1#*=} ;;
    --kill-after=*) cf_kill_after_flag=${1#*=} ;;
    --timeout | --kill-after) parse_value "$@" ;;
    *=*) say "unknown option ${1%%=*}, ignored" ;;
    *) cf_unknown=$1 ;;
  esac
}

parse_value() {
  [ "$1" = --kill-after ] || cf_has_timeout_flag=1
  case ${2---} in --) return ;; esac
  cf_took=2
  case $1 in
    --timeout) cf_timeout_flag=$2 ;;
    --kill-after) cf_kill_after_flag=$2 ;;
  esac
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
  printf 'cronflow: %s\n' "$1" >&2
  usage
  exit 2
}

check_job_name() {
  case $cf_job in
    '')
      say "the job's name is empty: running the command, reporting nothing"
      cf_disabled=1
      ;;
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) say "not a valid job name (letters, digits, . _ -)" ;;
  esac
}

# --- Time and identity -----------------------------------------------------------------------------------------

# Sets cf_cs, centiseconds since boot: no clock that is set meanwhile can make a duration wrong, and no process is
# started for it. Empty where there is no /proc.
read_uptime() {
  cf_cs=''
  { read -r cf_up cf_rest </proc/uptime; } 2>/dev/null || return 1
  cf_cs=$((${cf_up%.*} * 100 + 1${cf_up#*.} - 100))
}

# Sets cf_wall_ms. Not every date knows %3N.
read_wall() {
  cf_wall_ms=$(date +%s%3N 2>/dev/null)
  case $cf_wall_ms in
    *[!0-9]* | '' | ??????????) cf_wall_ms=$(date +%s)000 ;;
  esac
}

# An event is a moment, remembered in W for the processes that report it: cf_at_cs, or cf_at_ms without /proc.
mark_event() {
  cf_at_ms=''
  read_uptime
  cf_at_cs=$cf_cs
  [ -n "$cf_at_cs" ] && return
  read_wall
  cf_at_ms=$cf_wall_ms
}

since_start_ms() {
  if [ -n "$cf_start_cs" ]; then
    cf_duration_ms=$(((cf_at_cs - cf_start_cs) * 10))
  else
    cf_duration_ms=$((cf_at_ms - cf_start_ms))
  fi
  [ "$cf_duration_ms" -ge 0 ] || cf_duration_ms=0
}

make_run_id() {
  cf_rid=''
  { read -r cf_rid </proc/sys/kernel/random/uuid; } 2>/dev/null
  [ -n "$cf_rid" ] || cf_rid=$(od -An -N16 -tx1 /dev/urandom 2>/dev/null | tr -d ' \n')
  [ -n "$cf_rid" ] || cf_rid=$(date +%s)-$$
}

# process_birth PID: sets cf_birth, which tells a process from a later one with the same id.
process_birth() {
  cf_birth=''
  { IFS= read -r cf_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name, in parentheses, may hold anything.
  cf_stat=${cf_stat##*) }
  # shellcheck disable=SC2086 # split on purpose
  set -- $cf_stat
  [ $# -gt 19 ] || return 1
  shift 19
  cf_birth=$1
}

boot_id() {
  cf_boot=''
  { read -r cf_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
}

# --- Descriptors -----------------------------------------------------------------------------------------------

# What the caller passes on (an outer flock's descriptor, a socket) is the command's. A process of ours that kept it
# would hold that lock after the job.
close_inherited() {
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# Sets cf_fd to a descriptor nobody uses.
find_free_fd() {
  for cf_fd in 9 8 7 6 5 4 3; do
    { true >&"$cf_fd"; } 2>/dev/null || return 0
  done
  cf_fd=''
  return 1
}

look_at_streams() {
  cf_in_open='' cf_out_open='' cf_err_open='' cf_terminal=''
  # Onto another descriptor, because a shell may do nothing for one onto itself.
  { true 9<&0; } 2>/dev/null && cf_in_open=1
  { true 9>&1; } 2>/dev/null && cf_out_open=1
  { true 9>&2; } && cf_err_open=1
  if [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; then cf_terminal=1; fi
}

# The shell gives a background command /dev/null for stdin, so the real one is kept aside. Our own copies of stdin and
# stdout go once the command has its own: a pipe must see its end when the command closes it, not when we do.
keep_stdin() {
  cf_stdin_fd=''
  [ -n "$cf_in_open" ] || return
  if find_free_fd; then
    cf_stdin_fd=$cf_fd
    eval "exec $cf_stdin_fd<&0"
  else
    say "no descriptor is free to keep stdin: the command gets none"
  fi
}

# bash reports a killed child on stderr whenever it notices, so stderr is set aside until we have something to say.
keep_stderr() {
  [ -n "$cf_err_open" ] && find_free_fd || return
  cf_err_fd=$cf_fd
  eval "exec $cf_err_fd>&2 2>/dev/null"
}

drop_streams() {
  [ -z "$cf_stdin_fd" ] || eval "exec $cf_stdin_fd<&-"
  [ -n "$cf_err_open" ] || exec 2>/dev/null
  exec </dev/null >/dev/null
}

# --- Output ----------------------------------------------------------------------------------------------------
#
#   command -> out -> relay (tee) -> our stdout
#                        |
#   command -> err -> relay (tee) -> our stderr
#                        |
#                        +--> cap -> hub (tee) -> tail -c N   (the kept tail)
#                                       +-------> wc -c       (how much there was)
#
# out, err, cap, keep and count are FIFOs. Memory and disk are bounded by N. The relays outlive us where a grandchild
# holds the stream; killing the hub then gives tail its end. A relay whose hub is gone loses its tee to SIGPIPE, after
# tee wrote to our stdout, and goes on with cat: what happens to the capture never reaches the command.

make_run_dir() {
  cf_run_dir=${TMPDIR:-/tmp}/cronflow-run-$cf_rid
  case $cf_run_dir in /*) ;; *) cf_run_dir=/tmp/cronflow-run-$cf_rid ;; esac
  mkdir -m 700 "$cf_run_dir" 2>/dev/null || cf_run_dir=''
}

# Decides which streams are captured: none that is closed or a terminal.
plan_capture() {
  cf_capture_out='' cf_capture_err='' cf_merged=''
  [ -z "$cf_no_output" ] && [ -z "$cf_disabled" ] && [ -n "$cf_run_dir" ] || return
  [ -n "$cf_out_open" ] && [ ! -t 1 ] && cf_capture_out=1
  [ -n "$cf_err_open" ] && [ ! -t 2 ] && cf_capture_err=1
  [ -n "$cf_capture_out$cf_capture_err" ] || return
  (cd "$cf_run_dir" && mkfifo -m 600 out err cap keep count) 2>/dev/null || {
    cf_capture_out='' cf_capture_err=''
    return
  }
  # Both in one place, as cron has them: two relays would mix up the order of the lines.
  if [ -n "$cf_capture_out" ] && [ -n "$cf_capture_err" ] && streams_are_one; then cf_merged=1; fi
}

streams_are_one() {
  # Where -ef is unknown the streams are relayed separately.
  # shellcheck disable=SC3013
  [ / -ef / ] 2>/dev/null && [ /dev/fd/1 -ef /dev/fd/2 ]
}

start_capture() {
  cf_tail_pid=''
  [ -n "$cf_capture_out$cf_capture_err" ] || return
  # A TERM to everything (systemd) must not cut off what the command says while it cleans up.
  (shield_bg && hub_bg) </dev/null >/dev/null 2>&1 &
  cf_hub_pid=$!
  (shield_bg && exec wc -c <"$cf_run_dir/count" >"$cf_run_dir/bytes") </dev/null >/dev/null 2>&1 &
  cf_count_pid=$!
  (shield_bg && exec tail -c "$cf_output_bytes" <"$cf_run_dir/keep" >"$cf_run_dir/tail") </dev/null >/dev/null 2>&1 &
  cf_tail_pid=$!
  if [ -n "$cf_capture_out" ]; then
    (shield_bg && relay_bg out) </dev/null 2>/dev/null &
  fi
  if [ -n "$cf_capture_err" ] && [ -z "$cf_merged" ]; then
    (shield_bg && relay_bg err) </dev/null >&2 2>/dev/null &
  fi
}

shield_bg() {
  trap '' TERM INT HUP QUIT
  close_inherited
}

hub_bg() {
  exec tee "$cf_run_dir/count" <"$cf_run_dir/cap" >"$cf_run_dir/keep"
}

# The command runs once its streams have readers. Each relay opens cap before that, or the hub would take the end of a
# quick one for the end of all.
relay_bg() {
  exec 3>"$cf_run_dir/cap"
  exec <"$cf_run_dir/$1"
  tee "$cf_run_dir/cap" 3>&- && exit
  exec 3>&-
  exec cat
}

# Waits for the relays to pass on the last of the output. Their end is the hub's and so tail's, which is waited for.
finish_capture() {
  [ -n "$cf_tail_pid" ] || return
  (
    shield_bg
    # Frees a relay that still waits for a command which died before it opened its streams.
    (: <>"$cf_run_dir/out" <>"$cf_run_dir/err")
    sleep "$cf_drain_s"
    kill -s KILL "$cf_hub_pid"
    # Frees a tee that only now comes to open cap.
    (: <>"$cf_run_dir/cap")
    # Only a hub that never came to open its FIFOs leaves these two.
    sleep 1
    kill -s KILL "$cf_tail_pid" "$cf_count_pid"
  ) </dev/null >/dev/null 2>&1 &
  cf_drain_pid=$!
  wait_until_gone "$cf_tail_pid"
  wait_until_gone "$cf_count_pid"
  kill -s KILL "$cf_drain_pid" 2>/dev/null
}

wait_until_gone() {
  while :; do
    cf_interrupted=''
    wait "$1" 2>/dev/null
    [ -n "$cf_interrupted" ] || return 0
  done
}

# --- Running the command ---------------------------------------------------------------------------------------

# At a terminal the command stays in our process group: Ctrl-C, Ctrl-Z and reading from it work as ever. Elsewhere it
# gets a group of its own, so that a signal reaches all of it.
choose_group() {
  cf_group=none
  [ -z "$cf_terminal" ] || return
  if has setsid; then
    cf_group=session
  elif (set -m && case $- in *m*) ;; *) exit 1 ;; esac) 2>/dev/null; then
    cf_group=monitor
  fi
}

# Background commands of a shell ignore INT and QUIT, and what is ignored on entry stays so in dash and busybox. Only
# env can undo it. Sets cf_unignore to what it should; and cf_deaf where the command will ignore INT against our wish.
plan_signals() {
  cf_unignore='' cf_deaf=''
  [ -z "${BASH_VERSION-}" ] && [ "$cf_group" != monitor ] || return
  own_ignored_signals
  case $cf_ignored in *[2367abefABEF]) ;; *) cf_unignore=INT ;; esac
  case $cf_ignored in *[4567cdefCDEF]) ;; *) cf_unignore=${cf_unignore:+$cf_unignore,}QUIT ;; esac
  [ -n "$cf_unignore" ] || return
  env "--default-signal=$cf_unignore" true 2>/dev/null && return
  cf_unignore='' cf_deaf=1
}

# What the caller ignores (nohup) the command must ignore as well.
own_ignored_signals() {
  cf_ignored=0
  {
    while read -r cf_key cf_value; do
      [ "$cf_key" = SigIgn: ] && cf_ignored=$cf_value && break
    done <"/proc/$$/status"
  } 2>/dev/null
}

launch() {
  [ "$cf_group" != monitor ] || set -m
  (become_command_bg "$@") &
  cf_pid=$!
  drop_streams
  set +m
  forward_pending
}

become_command_bg() {
  if [ -n "$cf_stdin_fd" ]; then
    eval "exec <&$cf_stdin_fd $cf_stdin_fd<&-"
  elif [ -z "$cf_in_open" ]; then
    exec <&-
  fi
  [ -z "$cf_lock_fd" ] || eval "exec $cf_lock_fd>&-"
  [ -z "$cf_err_fd" ] || eval "exec 2>&$cf_err_fd $cf_err_fd>&-"
  [ -n "$cf_out_open" ] || exec >&-
  [ -n "$cf_err_open" ] || exec 2>&-
  [ -z "$cf_capture_out" ] || exec >"$cf_run_dir/out"
  if [ -n "$cf_merged" ]; then
    exec 2>&1
  elif [ -n "$cf_capture_err" ]; then
    exec 2>"$cf_run_dir/err"
  fi
  exec_command_bg "$@"
}

# exec, so that no function or builtin of this shell is taken for the command.
exec_command_bg() {
  if [ "$cf_group" = session ]; then
    # The inner shell runs scripts without a #! line, which setsid does not do everywhere.
    # shellcheck disable=SC2016 # $@ is the inner shell's
    case $1 in
      -*) set -- setsid -- "$@" ;;
      *) set -- setsid sh -c 'exec "$@"' cronflow "$@" ;;
    esac
  fi
  case $1 in
    -* | *=*) ;;
    *) [ -z "$cf_unignore" ] || set -- env "--default-signal=$cf_unignore" "$@" ;;
  esac
  # bash takes a leading - for an option of exec; the others take -- for the command.
  # shellcheck disable=SC3038
  case ${BASH_VERSION:+bash}$1 in
    bash-*) exec -- "$@" ;;
    *) exec "$@" ;;
  esac
}

# Signals the whole group of the command, or the command alone where it has none, or has not come to make it.
signal_command() {
  if [ "$cf_group" != none ]; then
    kill -s "$1" -- "-$cf_pid" 2>/dev/null && return
  fi
  kill -s "$1" "$cf_pid" 2>/dev/null
}

on_signal() {
  cf_interrupted=1 cf_signal=$1 cf_pending=$1
  forward_pending
}

forward_pending() {
  [ -n "$cf_pending" ] && [ -n "$cf_pid" ] || return 0
  cf_forward=$cf_pending cf_pending=''
  case $cf_forward in
    INT | QUIT)
      if [ -n "$cf_deaf" ]; then
        cf_forward=TERM
      elif [ -n "$cf_terminal" ]; then
        # The terminal sent it to the whole group; a second one means "at once" to many programs.
        return 0
      fi
      ;;
  esac
  signal_command "$cf_forward"
}

on_timeout() {
  cf_interrupted=1
  if [ -z "$cf_timed_out" ]; then
    cf_timed_out=TERM
    signal_command TERM
    start_timer "$cf_kill_after_s"
  else
    cf_timed_out=KILL
    signal_command KILL
  fi
}

# start_timer SECONDS: sends us ALRM then, unless our id has gone to another process.
start_timer() {
  process_birth "$$"
  cf_own_birth=$cf_birth
  (
    shield_bg
    # Told to stop before the sleep's id is known, it would leave the sleep behind: until then it only takes note.
    cf_stopped=''
    trap 'cf_stopped=1' USR1
    sleep "$1" &
    cf_sleep_pid=$!
    trap 'kill -s KILL "$cf_sleep_pid"; exit' USR1
    if [ -n "$cf_stopped" ]; then kill -s KILL "$cf_sleep_pid"; exit; fi
    wait "$cf_sleep_pid" || exit
    process_birth "$$"
    [ "$cf_birth" != "$cf_own_birth" ] || kill -s ALRM "$$"
  ) </dev/null >/dev/null 2>&1 &
  cf_timer_pid=$!
}

trap_signals() {
  cf_signal='' cf_pending='' cf_pid='' cf_timed_out='' cf_timer_pid='' cf_interrupted=''
  trap 'on_signal TERM' TERM
  trap 'on_signal INT' INT
  trap 'on_signal HUP' HUP
  trap 'on_signal QUIT' QUIT
}

# Sets cf_code. A signal to us ends wait early with a code of its own; the command's comes from waiting again. Where
# that knows nothing any more, the first wait had it.
wait_for_command() {
  cf_interrupted=''
  wait "$cf_pid" 2>/dev/null
  cf_code=$?
  while [ -n "$cf_interrupted" ]; do
    cf_interrupted=''
    wait "$cf_pid" 2>/dev/null
    cf_again=$?
    [ "$cf_again" = 127 ] && ! kill -0 "$cf_pid" 2>/dev/null && return
    cf_code=$cf_again
  done
}

# After a timeout, what is left of the group gets as long as the command had, then KILL.
stop_timer() {
  [ -z "$cf_timer_pid" ] || kill -s USR1 "$cf_timer_pid" 2>/dev/null
  trap ':' ALRM
  [ -n "$cf_timed_out" ] && [ "$cf_group" != none ] || return
  kill -0 -- "-$cf_pid" 2>/dev/null || return
  (shield_bg && sleep "$cf_kill_after_s" && kill -s KILL -- "-$cf_pid") </dev/null >/dev/null 2>&1 &
}

run_command() {
  [ -z "$cf_timeout_s" ] || trap on_timeout ALRM
  launch "$@"
  [ -z "$cf_timeout_s" ] || start_timer "$cf_timeout_s"
  wait_for_command
  stop_timer
  # timeout(1) does the same: a command that was cut short did not succeed, whatever it says.
  if [ -n "$cf_timed_out" ] && [ "$cf_code" = 0 ]; then cf_code=124; fi
}

# Sets cf_killed_by, the name of the signal that ended the command.
name_signal() {
  cf_killed_by=''
  if [ -n "$cf_timed_out" ]; then
    cf_killed_by=$cf_timed_out
  elif [ -n "$cf_signal" ] && [ "$cf_code" -ne 0 ]; then
    cf_killed_by=$cf_signal
  elif [ "$cf_code" -gt 128 ] && [ "$cf_code" -le 159 ]; then
    cf_killed_by=$(kill -l $((cf_code - 128)) 2>/dev/null)
  fi
}

# --- Private directories ---------------------------------------------------------------------------------------

# Sets cf_spool, or leaves it empty and the reason in cf_spool_fault.
find_spool() {
  cf_spool='' cf_spool_fault=''
  if [ -n "${CRONFLOW_SPOOL_DIR-}" ]; then
    cf_candidate=$CRONFLOW_SPOOL_DIR
  elif [ -n "${XDG_STATE_HOME-}" ]; then
    cf_candidate=$XDG_STATE_HOME/cronflow/spool
  else
    # cron does not always set HOME.
    cf_home=${HOME-}
    [ -n "$cf_home" ] || cf_home=$(home_of_user)
    cf_candidate=${cf_home:+$cf_home/.local/state/cronflow/spool}
  fi
  case $cf_candidate in
    '') cf_spool_fault='neither CRONFLOW_SPOOL_DIR nor HOME is set' && return 1 ;;
    /*) ;;
    *) cf_spool_fault="$cf_candidate is not an absolute path" && return 1 ;;
  esac
  make_private "${cf_candidate%/}" || return 1
  cf_spool=${cf_candidate%/}
}

home_of_user() {
  cf_user=$(id -un 2>/dev/null)
  case $cf_user in
    '' | *[!A-Za-z0-9._-]*) return ;;
  esac
  eval "cf_home=~$cf_user"
  case $cf_home in /*) printf '%s\n' "$cf_home" ;; esac
}

# make_private DIR: a directory, not a link, of this user, which nobody else can read.
make_private() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    (umask 077 && mkdir -p "$1") 2>/dev/null
  fi
  if [ -z "$(find "$1" -prune -type d -user "$(id -u)" 2>/dev/null)" ]; then
    cf_spool_fault="$1 is not a directory of this user"
    return 1
  fi
  if ! chmod 700 "$1" 2>/dev/null || [ ! -w "$1" ]; then
    cf_spool_fault="$1 cannot be written"
    return 1
  fi
}

# --- Lock ------------------------------------------------------------------------------------------------------

# Returns 1 if the same job holds the lock. Where no lock can be had the command runs: it must not depend on a disk.
take_lock() {
  if ! find_spool || ! make_private "$cf_spool/locks"; then
    say "no lock: $cf_spool_fault"
    return 0
  fi
  cf_encoded=$(encode "$cf_job")
  if has flock && find_free_fd && ( : >>"$cf_spool/locks/$cf_encoded.flock" ) 2>/dev/null; then
    eval "exec $cf_fd>>\"\$cf_spool/locks/\$cf_encoded.flock\""
    cf_lock_fd=$cf_fd
    flock -n "$cf_lock_fd" 2>/dev/null
    return
  fi
  take_link_lock "$cf_spool/locks/$cf_encoded.lock"
}

# A hard link appears at once and whole, with its owner in it.
take_link_lock() {
  boot_id
  process_birth "$$"
  cf_mine=$1.$cf_rid
  if ! printf '%s\n' "$$ ${cf_birth:--} ${cf_boot:--}" 2>/dev/null >"$cf_mine"; then
    rm -f "$cf_mine"
    say "no lock: $1 cannot be written"
    return 0
  fi
  ln "$cf_mine" "$1" 2>/dev/null || { drop_stale_lock "$1" && ln "$cf_mine" "$1" 2>/dev/null; }
  cf_taken=$?
  rm -f "$cf_mine"
  [ "$cf_taken" -ne 0 ] || cf_lock_file=$1
  return "$cf_taken"
}

# The rename decides between two who see the same dead owner; who finds a living one in its hands puts it back.
drop_stale_lock() {
  lock_is_stale "$1" || return 1
  mv "$1" "$1.stale.$cf_rid" 2>/dev/null || return 1
  if ! lock_is_stale "$1.stale.$cf_rid"; then
    ln "$1.stale.$cf_rid" "$1" 2>/dev/null
    rm -f "$1.stale.$cf_rid"
    return 1
  fi
  rm -f "$1.stale.$cf_rid"
}

lock_is_stale() {
  { read -r cf_owner cf_owner_birth cf_owner_boot <"$1"; } 2>/dev/null || return 1
  boot_id
  [ "$cf_owner_boot" = "${cf_boot:--}" ] || return 0
  kill -0 "$cf_owner" 2>/dev/null || return 0
  process_birth "$cf_owner"
  [ "$cf_owner_birth" != "${cf_birth:--}" ]
}

release_lock() {
  [ -z "$cf_lock_fd" ] || eval "exec $cf_lock_fd>&-"
  [ -z "$cf_lock_file" ] || rm -f "$cf_lock_file"
  cf_lock_fd='' cf_lock_file=''
}

# --- Pings -----------------------------------------------------------------------------------------------------
#
# A ping is written to the spool first and sent then, so that no kill loses it. In the spool it is a directory with
# the files `ping` and `body`, named <ms>-<order>-<url>-<run id>. and then `claimed.<epoch>` while a process sends it,
# `ready` while nobody does. The rename between the two decides who sends. Cronflow keeps one of two equal pings, so
# sending again after a crash does no harm.

# encode TEXT: for a URL and for a file name.
encode() {
  case $1 in
    .* | *[!A-Za-z0-9._-]*) printf '%s' "$1" | od -An -v -tx1 | tr -s ' \n' '%%' | sed 's/%$//' ;;
    *) printf '%s' "$1" ;;
  esac
}

# Every process that sends begins so.
prepare_sender_bg() {
  LC_ALL=C
  export LC_ALL
  cd / || :
  umask 077
  # For file names: which monitor a ping is for, without a password that the URL may hold.
  cf_url_key=$(printf '%s' "$cf_url" | sed 's,//[^/]*@,//,' | tr ':/' '+,' | tr -c 'A-Za-z0-9.+,-' _ | cut -c 1-120)
  load_token
  has curl && cf_curl=1 || cf_curl=''
  boot_id
  read_uptime
  read_wall
  find_spool
}

load_token() {
  [ -z "$cf_token" ] && [ -n "${CRONFLOW_PING_TOKEN_FILE-}" ] || return
  { IFS= read -r cf_token <"$CRONFLOW_PING_TOKEN_FILE"; } 2>/dev/null
  [ -n "$cf_token" ] || say "no token in $CRONFLOW_PING_TOKEN_FILE"
}

# describe KIND QUERY: the ping of this run that is to be sent, dated at the event.
describe() {
  cf_ping_path=/jobs/$(encode "$cf_job")/$1
  cf_ping_query="rid=$cf_rid&host=$(encode "$(uname -n)")$2"
  cf_ping_cs=$cf_at_cs cf_ping_boot=$cf_boot
  cf_ping_ms=$cf_at_ms
  [ -n "$cf_ping_ms" ] || cf_ping_ms=$((cf_wall_ms - (cf_cs - cf_at_cs) * 10))
  cf_order=1
  [ "$1" != start ] || cf_order=0
  cf_entry=$cf_ping_ms-$cf_order-$cf_url_key-$cf_rid
  cf_body=''
}

# Writes the ping described last into the spool; sets cf_claim to where it is. cf_body names a file to copy.
spool_ping() {
  cf_claim=''
  [ -n "$cf_spool" ] || return 1
  make_room
  cf_claim=$cf_spool/$cf_entry.claimed.${cf_wall_ms%???}
  if ! write_claim 2>/dev/null; then
    cf_spool_fault="$cf_spool cannot be written"
    rm -rf "$cf_claim"
    cf_claim=''
    return 1
  fi
}

write_claim() {
  mkdir "$cf_claim" || return 1
  if [ -n "$cf_body" ]; then
    # A full disk costs the output and not the ping.
    cat "$cf_body" >"$cf_claim/body" || rm -f "$cf_claim/body"
  fi
  printf '%s\n' "$cf_ping_path" "$cf_ping_query" "$cf_ping_ms" "${cf_ping_cs:--}" "${cf_ping_boot:--}" \
    >"$cf_claim/ping"
}

make_room() {
  set -- "$cf_spool"/*-*-*.ready
  [ $# -ge "$cf_spool_entries_max" ] || return 0
  say "the spool is full: dropped the oldest ping in $cf_spool"
  rm -rf "$1"
}

# Reads the ping in cf_claim; a torn one is dropped.
load_ping() {
  {
    {
      read -r cf_ping_path && read -r cf_ping_query && read -r cf_ping_ms && read -r cf_ping_cs &&
        read -r cf_ping_boot
    } <"$cf_claim/ping"
  } 2>/dev/null || return 1
  [ "$cf_ping_cs" != - ] || cf_ping_cs=''
  cf_body=''
  [ ! -f "$cf_claim/body" ] || cf_body=$cf_claim/body
}

# Sets cf_delay_ms. Time since boot is right even if the clock was set meanwhile.
measure_delay() {
  read_uptime
  if [ -n "$cf_ping_cs" ] && [ "$cf_ping_boot" = "${cf_boot:--}" ] && [ -n "$cf_cs" ]; then
    cf_delay_ms=$(((cf_cs - cf_ping_cs) * 10))
  else
    read_wall
    cf_delay_ms=$((cf_wall_ms - cf_ping_ms))
  fi
  # Cronflow treats a delayed ping a little differently; the moment it takes to send one is no delay.
  [ "$cf_delay_ms" -ge 1000 ] || cf_delay_ms=''
}

# post SECONDS: sends the ping described or loaded last. Sets cf_answer: stored, refused, or, worth another try,
# failed (there was an answer) or unreachable (there was none). cf_status is the HTTP status.
post() {
  cf_status=000 cf_answer=unreachable
  [ -n "$cf_curl" ] || return
  measure_delay
  cf_status=$(curl_config | curl -q -sS -g -K - -m "$1" -o /dev/null -w '%{http_code}' -X POST \
    -H 'Content-Type: text/plain' -H 'Expect:' --data-binary "${cf_body:+@}$cf_body" 2>/dev/null)
  case $cf_status in
    2??) cf_answer=stored ;;
    408 | 429) cf_answer=failed ;;
    4??) cf_answer=refused ;;
    000 | '') cf_answer=unreachable ;;
    *) cf_answer=failed ;;
  esac
}

# Read by curl from its stdin: neither the token nor a password in the URL shows in the process list.
curl_config() {
  printf 'url = "%s"\n' "$(config_value "$cf_url$cf_ping_path?$cf_ping_query${cf_delay_ms:+&delay_ms=$cf_delay_ms}")"
  [ -z "$cf_token" ] || printf 'header = "Authorization: Bearer %s"\n' "$(config_value "$cf_token")"
}

config_value() {
  printf '%s' "$1" | tr -d '\000-\037\177' | sed 's/[\\"]/\\&/g'
}

explain_refusal() {
  case $cf_status in
    401 | 403) cf_hint='is the token right?' ;;
    404) cf_hint='no such job?' ;;
    *) cf_hint='it will not be sent again' ;;
  esac
  say_once "the monitor refused the ping: $cf_status ($cf_hint)"
}

# The start and the end of a run usually fail for the same reason.
say_once() {
  case $cf_said in
    *"$1"*) ;;
    *) say "$1" ;;
  esac
}

# settle: after an attempt, removes the ping from the spool, or gives it back for others to send.
settle() {
  [ -n "$cf_claim" ] || return
  case $cf_answer in
    stored | refused) rm -rf "$cf_claim" ;;
    *) mv "$cf_claim" "${cf_claim%.claimed.*}.ready" 2>/dev/null ;;
  esac
}

# Runs in the background from before the command starts.
send_start_bg() {
  exec </dev/null >/dev/null 2>&1
  close_inherited
  trap '' TERM INT HUP QUIT
  # What it has to say is said by whoever sends the end.
  if [ -n "$cf_run_dir" ] && ( : >"$cf_run_dir/said" ); then exec 2>"$cf_run_dir/said"; fi
  prepare_sender_bg
  describe start ''
  spool_ping
  post "$cf_start_attempt_s"
  [ "$cf_answer" != refused ] || explain_refusal
  settle
  exec 2>/dev/null
  follow_up_bg
}

# send_end_bg KIND QUERY: the ping that ends the run; never takes longer than its budget. It cleans up after the run as
# well, because it goes on where we are told to end at once.
send_end_bg() {
  trap '' TERM INT HUP QUIT
  [ -z "$cf_err_fd" ] || eval "exec 2>&$cf_err_fd"
  exec </dev/null >/dev/null
  close_inherited
  prepare_sender_bg
  collect_said
  describe "$1" "$2$(dropped_bytes)"
  if [ -n "$cf_run_dir" ] && [ -s "$cf_run_dir/tail" ]; then cf_body=$cf_run_dir/tail; fi
  spool_ping
  try_to_send_end
  report_end
  settle
  drop_old_pings
  [ -z "$cf_run_dir" ] || rm -rf "$cf_run_dir"
  (follow_up_bg) </dev/null >/dev/null 2>&1 &
}

collect_said() {
  cf_said=''
  [ -z "$cf_run_dir" ] || cf_said=$(cat "$cf_run_dir/said" 2>/dev/null)
  [ -z "$cf_said" ] || printf '%s\n' "$cf_said" >&2
}

dropped_bytes() {
  [ -n "$cf_run_dir" ] || return
  { read -r cf_bytes <"$cf_run_dir/bytes"; } 2>/dev/null || return
  [ "$cf_bytes" -le "$cf_output_bytes" ] || printf '&output_dropped_bytes=%s' $((cf_bytes - cf_output_bytes))
}

try_to_send_end() {
  seconds_now
  cf_give_up_s=$((cf_now_s + cf_end_budget_s)) cf_pause_s=1
  while :; do
    cf_left_s=$((cf_give_up_s - cf_now_s))
    [ "$cf_left_s" -le "$cf_attempt_s" ] || cf_left_s=$cf_attempt_s
    # curl would take 0 for no limit at all.
    [ "$cf_left_s" -ge 1 ] || return
    post "$cf_left_s"
    case $cf_answer in stored | refused) return ;; esac
    [ -n "$cf_curl" ] || return
    seconds_now
    [ $((cf_give_up_s - cf_now_s)) -gt "$cf_pause_s" ] || return
    sleep "$cf_pause_s"
    cf_pause_s=$((cf_pause_s * 2))
    seconds_now
  done
}

seconds_now() {
  if read_uptime; then cf_now_s=$((cf_cs / 100)); else cf_now_s=$(date +%s); fi
}

report_end() {
  case $cf_answer in
    stored) return ;;
    refused) explain_refusal && return ;;
  esac
  cf_why="no answer from the monitor"
  [ "$cf_answer" != failed ] || cf_why="the monitor answered $cf_status"
  [ -n "$cf_curl" ] || cf_why="curl is not installed"
  if [ -n "$cf_claim" ]; then
    say "$cf_why: the ping is kept in $cf_spool"
  else
    say "$cf_why and the ping is lost: ${cf_spool_fault:-it could not be kept}"
  fi
}

drop_old_pings() {
  [ -n "$cf_spool" ] || return
  for cf_old in "$cf_spool"/*-*-*.ready; do
    is_too_old "$cf_old" || continue
    # Several wrappers may see it; the one that gets hold of it says so.
    mv "$cf_old" "$cf_old.dropped.$cf_rid" 2>/dev/null || continue
    rm -rf "$cf_old.dropped.$cf_rid"
    say "dropped a ping that could not be sent for 7 days"
  done
}

is_too_old() {
  cf_old_ms=${1##*/}
  cf_old_ms=${cf_old_ms%%-*}
  case $cf_old_ms in '' | *[!0-9]*) return 1 ;; esac
  [ $((cf_wall_ms - cf_old_ms)) -gt "$cf_spool_age_ms_max" ]
}

# --- Replay ----------------------------------------------------------------------------------------------------

# After an attempt: sends what is left in the spool, now if the monitor is there, or for an hour until it is.
follow_up_bg() {
  exec </dev/null >/dev/null 2>&1
  trap '' HUP
  trap - TERM
  [ -n "$cf_spool" ] && [ -n "$cf_curl" ] || return
  has_ready || free_stale_claims
  has_ready || return
  if become_retrier; then
    [ "$cf_answer" != stored ] || replay_pass
    retry_until_empty
    rm -f "$cf_spool/retrier"
  elif [ "$cf_answer" = stored ]; then
    : >"$cf_spool/wake"
  fi
}

has_ready() {
  for cf_ready in "$cf_spool"/*-"$cf_url_key"-*.ready; do
    [ ! -d "$cf_ready" ] || return 0
  done
  return 1
}

# One process at a time replays, so that the order holds; the others wake it. The file that says who it is is never
# overwritten by another, and is no more once its process stops showing life. Two would do no harm: the claims decide.
become_retrier() {
  read_wall
  if { read -r cf_other_pid cf_other_s <"$cf_spool/retrier"; } 2>/dev/null; then
    kill -0 "$cf_other_pid" 2>/dev/null && [ $((${cf_wall_ms%???} - cf_other_s)) -le 180 ] && return 1
    rm -f "$cf_spool/retrier"
  fi
  # $$ is the wrapper that started us; our own id is our child's parent.
  # shellcheck disable=SC2016 # for the inner shell
  cf_retrier_pid=$(sh -c 'echo "$PPID"')
  (set -C && echo "$cf_retrier_pid ${cf_wall_ms%???}" >"$cf_spool/retrier")
}

show_life() {
  read_wall
  echo "$cf_retrier_pid ${cf_wall_ms%???}" >"$cf_spool/retrier"
}

retry_until_empty() {
  cf_pause_s=2
  while has_ready; do
    newest_ready_age_s
    [ "$cf_age_s" -le "$cf_retry_for_s" ] || return
    show_life || return
    pause_until_woken
    replay_pass
    cf_pause_s=$((cf_pause_s * 2))
    [ "$cf_pause_s" -le 60 ] || cf_pause_s=60
  done
}

# A call that reached the monitor leaves the file `wake`.
pause_until_woken() {
  cf_slept_s=0
  while [ "$cf_slept_s" -lt "$cf_pause_s" ] && [ ! -e "$cf_spool/wake" ]; do
    sleep 2
    cf_slept_s=$((cf_slept_s + 2))
  done
  rm -f "$cf_spool/wake"
}

newest_ready_age_s() {
  for cf_ready in "$cf_spool"/*-"$cf_url_key"-*.ready; do :; done
  cf_newest=${cf_ready##*/}
  cf_newest=${cf_newest%%-*}
  cf_age_s=0
  # Another process may have taken the last one meanwhile: then the pattern stands for itself.
  case $cf_newest in '' | *[!0-9]*) return ;; esac
  cf_age_s=$(((cf_wall_ms - cf_newest) / 1000))
}

# Sends what is ready, oldest first. Stops where the monitor does not answer, or answers three in a row with an error:
# one ping that it cannot take must not hold up the rest.
replay_pass() {
  cf_failures=0
  free_stale_claims
  for cf_ready in "$cf_spool"/*-"$cf_url_key"-*.ready; do
    read_wall
    ! is_too_old "$cf_ready" || continue
    cf_claim=${cf_ready%.ready}.claimed.${cf_wall_ms%???}
    mv "$cf_ready" "$cf_claim" 2>/dev/null || continue
    show_life
    replay_ping
    case $cf_answer in
      unreachable) return ;;
      failed) cf_failures=$((cf_failures + 1)) ;;
      *) cf_failures=0 ;;
    esac
    [ "$cf_failures" -lt 3 ] || return
  done
}

replay_ping() {
  cf_answer=refused
  if load_ping; then post "$cf_start_attempt_s"; fi
  settle
}

free_stale_claims() {
  read_wall
  for cf_stale in "$cf_spool"/*-"$cf_url_key"-*.claimed.*; do
    cf_stale_s=${cf_stale##*.}
    case $cf_stale_s in '' | *[!0-9]*) continue ;; esac
    [ $((${cf_wall_ms%???} - cf_stale_s)) -gt "$cf_claim_stale_s" ] || continue
    mv "$cf_stale" "${cf_stale%.claimed.*}.ready" 2>/dev/null
  done
}

# --- The wrapper -----------------------------------------------------------------------------------------------

# Sends the ping that ends the run and waits for it; told to end meanwhile, we do, and it goes on alone.
end_run() {
  cf_interrupted=''
  (send_end_bg "$@") &
  wait $! 2>/dev/null
}

# Sets cf_query, which says how the command ended.
describe_end() {
  since_start_ms
  name_signal
  cf_query="&exit_code=$cf_code&duration_ms=$cf_duration_ms${cf_killed_by:+&signal=$cf_killed_by}"
}

dry_run() {
  find_spool
  {
    printf 'job      %s\nmonitor  %s\n' "$cf_job" "$cf_url"
    printf 'token    %s\n' "$([ -n "$cf_token${CRONFLOW_PING_TOKEN_FILE-}" ] && echo yes || echo none)"
    printf 'timeout  %s\n' "${cf_timeout_s:+${cf_timeout_s}s, then KILL after ${cf_kill_after_s}s}"
    printf 'lock     %s\n' "${cf_lock:+yes}"
    printf 'output   %s\n' "$([ -n "$cf_no_output" ] && echo 'not sent' || echo "its last $cf_output_bytes bytes")"
    printf 'spool    %s\n' "${cf_spool:-none: $cf_spool_fault}"
    printf 'reports  %s\n' "$([ -n "$cf_disabled" ] && echo 'nothing (disabled)' || echo 'start and end')"
    printf 'command '
    printf " '%s'" "$@"
    printf '\n'
  } >&2
  exit 0
}

skip_run() {
  say "still running, skipped"
  mark_event
  [ -n "$cf_disabled" ] || end_run skip ''
  exit 0
}

start_run() {
  mark_event
  cf_start_cs=$cf_at_cs cf_start_ms=$cf_at_ms
  [ -n "$cf_disabled" ] && return
  (send_start_bg) &
}

finish_run() {
  mark_event
  cf_pid=''
  release_lock
  finish_capture
  [ -n "$cf_disabled" ] && return
  describe_end
  if [ "$cf_code" -eq 0 ]; then end_run success "$cf_query"; else end_run failure "$cf_query"; fi
}

main() {
  set_defaults
  find_command "$@"
  shift "$cf_words"
  read_environment
  check_job_name
  [ -z "$cf_dry_run" ] || dry_run "$@"
  make_run_id
  CRONFLOW_JOB=$cf_job CRONFLOW_RUN_ID=$cf_rid CRONFLOW_URL=$cf_url
  export CRONFLOW_JOB CRONFLOW_RUN_ID CRONFLOW_URL
  look_at_streams
  cf_lock_fd='' cf_lock_file='' cf_run_dir='' cf_said='' cf_birth='' cf_err_fd=''
  if [ -n "$cf_lock" ] && ! take_lock; then skip_run; fi
  if [ -n "$cf_disabled" ] && [ -z "$cf_lock$cf_timeout_s" ]; then
    cf_group=none cf_unignore=''
    exec_command_bg "$@"
  fi
  trap_signals
  choose_group
  plan_signals
  [ -n "$cf_disabled" ] || make_run_dir
  plan_capture
  start_capture
  keep_stdin
  keep_stderr
  start_run
  run_command "$@"
  finish_run
  exit "$cf_code"
}

main "$@"
exit
