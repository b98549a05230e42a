#!/usr/bin/env bash
# Runs the two commands of the README, `npm ci && npm start` and `npm ci && npm test`, in the places where newcomers run
# them.
#
# Usage, from anywhere in the project: scripts/try-everywhere.sh [--quick] [PLACE...]
#
# A PLACE is one condition or several joined by `+`. Places joined by `/` are played at the same time, in copies beside
# each other:
#   private         a folder of mode 0700 with a space and an umlaut in its path, and `umask 077`
#   user            an ordinary user, where this script runs as root
#   link            a folder behind a symbolic link
#   homeless        no HOME
#   read-only-home  a HOME that cannot be written
#   abroad          TZ=America/St_Johns and a Turkish locale
#   offline         no network once `npm ci` is done
#   node-VERSION    another Node, such as node-20.19.0, node-22 or node-24
#   port            port 8000 is taken, and `npm start` must say so in a sentence
# Without a PLACE the script plays all of them in a few rounds. --quick runs the tests of a few folders instead of all.
# A place that this machine cannot provide is named and left out. The script ends with 1 if any place fails.
set -uo pipefail

ROUNDS=(private+homeless+node-20.19.0/user+link+read-only-home+abroad+offline+node-24 node-22 port)
QUICK_TESTS="test/schedule test/core/job test/store/lowdb/faults test/http test/acceptance/serve.test.ts"
CONDITIONS="private user link homeless read-only-home abroad offline port"

root=$(cd "$(dirname "$0")/.." && pwd -P)
is_quick=false
rounds=()
for word in "$@"; do
  case $word in
    --quick) is_quick=true ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
    -*) echo "unknown option $word; allowed: --quick" >&2; exit 2 ;;
    *)
      for condition in ${word//[+\/]/ }; do
        case " $CONDITIONS " in
          *" $condition "*) ;;
          *) case $condition in node-[0-9]*) ;; *)
            echo "unknown place $condition; allowed: $CONDITIONS node-VERSION" >&2; exit 2 ;;
          esac ;;
        esac
      done
      rounds+=("$word") ;;
  esac
done
[ ${#rounds[@]} -gt 0 ] || rounds=("${ROUNDS[@]}")
[ -z "$(git -C "$root" status --porcelain)" ] || echo "note: changes that are not committed are not in the clones"

# The name is short, because the path of a socket below it may have only about a hundred bytes.
work=$(mktemp -d "${TMPDIR:-/tmp}/cf-XXXXXX")
chmod 755 "$work"
# The registry of npm is set for this user, and npm must find the same one as another user or without a HOME.
npm_config_registry=$(npm config get registry)
npm_config_cafile=$(npm config get cafile)
[ "$npm_config_cafile" != null ] || unset npm_config_cafile
export npm_config_registry ${npm_config_cafile+npm_config_cafile}

# shellcheck disable=SC2317 # the trap calls it
cleanup() {
  local pid
  # shellcheck disable=SC2046 # a list of process ids
  for pid in $(jobs -p); do kill -- "-$pid" 2>/dev/null || kill "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

has() { case "+${1//\//+}+" in *"+$2+"*) return 0 ;; *) return 1 ;; esac; }

# Prints why the place cannot be played here; nothing if it can.
missing() {
  if has "$1" user && [ "$(id -u)" != 0 ]; then echo "only root can become another user"; fi
  if has "$1" user && ! command -v setpriv >/dev/null; then echo "setpriv is missing"; fi
  if has "$1" offline && ! unshare --net true 2>/dev/null; then echo "a network namespace needs root and unshare"; fi
  if has "$1" offline && ! command -v ip >/dev/null; then echo "ip is missing (Debian's package iproute2)"; fi
  local version
  for version in $(node_of "${1//\//+}"); do
    if ! { install_node "$version" && [ -n "$(folder_of_node "$version")" ]; }; then
      echo "npm's registry has no $version for this machine"
    fi
  done
}

free_port() {
  node -e 'const s=require("net").createServer();s.listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}

# Prints the version of Node that a place asks for; nothing if it takes the one that is installed.
node_of() { tr + '\n' <<<"$1" | grep '^node-'; }

# Installs another Node into $work/nodes, once.
install_node() {
  local kind
  [ ! -d "$work/nodes/$1" ] || return 0
  kind="node-$(node -p 'process.platform + "-" + process.arch')"
  mkdir -p "$work/nodes/$1"
  npm install --silent --no-save --prefix "$work/nodes/$1" "$kind@${1#node-}" >/dev/null 2>&1 || return
  # An ordinary user must be able to run it, whatever the umask.
  chmod -R a+rX "$work/nodes"
}

# Prints the folder that holds the program of another Node.
folder_of_node() { find "$work/nodes/$1" -name node -type f -path '*bin/node' -printf '%h\n' | head -1; }

# Makes the clone for one place and everything around it. Sets `folder` to the clone, and `as` to the words that start a
# command in the way that the place asks for.
prepare() {
  local place=$1 base="$work/$2" version path=$PATH
  local unset=(-u CRONFLOW_CONFIG -u CRONFLOW_DATA_DIR -u CRONFLOW_URL -u SLACK_WEBHOOK_URL) set=() user=()
  mkdir "$base" "$base/home" "$base/cache" "$base/tmp"
  umask 022
  folder="$base/cronflow"
  if has "$place" private; then
    umask 077
    folder="$base/Für alle Fälle/cronflow"
    mkdir -m 700 "$base/Für alle Fälle"
  fi
  git clone -q "$root" "$folder" || return 1
  version=$(node_of "$place")
  [ -z "$version" ] || path="$(folder_of_node "$version"):$PATH"
  if has "$place" abroad; then
    localedef -i tr_TR -f UTF-8 tr_TR.UTF-8 2>/dev/null || echo "note: no Turkish locale here; only Node speaks it"
    set+=(TZ=America/St_Johns LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8)
  fi
  if has "$place" homeless; then unset+=(-u HOME); else set+=("HOME=$base/home"); fi
  if has "$place" user; then
    chown -R 65534:65534 "$base"
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  fi
  if has "$place" read-only-home; then chown 0:0 "$base/home" 2>/dev/null; chmod 555 "$base/home"; fi
  if has "$place" link; then
    ln -s "$folder" "$base/link"
    folder="$base/link"
  fi
  set+=("npm_config_cache=$base/cache" "TMPDIR=$base/tmp" "CRONFLOW_PORT=$(free_port)" "PATH=$path" CI=true)
  as=("${user[@]}" env "${unset[@]}" "${set[@]}")
}

# Cuts commands that are started from now on off from every network but a loopback of their own.
go_offline() {
  ip netns add "cronflow-$$-$1" && ip -n "cronflow-$$-$1" link set lo up &&
    as=(ip netns exec "cronflow-$$-$1" "${as[@]}")
}

# Starts the service, asks it for its jobs, and ends it as Ctrl-C does.
try_start() {
  local log="$work/$1.start.log" server url='' answer=''
  set -m
  "${as[@]}" npm start >"$log" 2>&1 &
  server=$!
  set +m
  while [ -z "$url" ] && kill -0 "$server" 2>/dev/null; do
    sleep 0.2
    url=$(sed -n 's/.*listening url=\([^ ]*\).*/\1/p' "$log" | head -1)
  done
  # shellcheck disable=SC2016 # the program of Node expands its own
  [ -z "$url" ] || answer=$("${as[@]}" node -e '
    fetch(`${process.argv[1]}/jobs`).then(async (answer) => console.log(answer.status, (await answer.json()).length));
  ' "$url")
  kill -INT -- "-$server" 2>/dev/null
  wait "$server" 2>/dev/null
  [[ "$answer" =~ ^200\ [1-9] ]] && return 0
  echo "npm start did not answer GET /jobs: ${answer:-no answer}"
  cat "$log"
  return 1
}

# Fails if the commands left anything behind: files that git sees, temporary files, processes.
left_behind() {
  local id=$1 left
  left=$(git -C "$folder" -c safe.directory='*' status --porcelain
    find "$work/$id/tmp" -mindepth 1 -maxdepth 1 ! -name node-compile-cache)
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd" 2>/dev/null)" in "$work/$id"*)
      left="$left process: $(tr '\0' ' ' <"$process/cmdline")" ;;
    esac
  done
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# Plays one place in a clone of its own; prints what went wrong.
play() {
  local place=$1 id=$2 tests=(npm test) code=0
  prepare "$place" "$id" || return 1
  cd "$folder" || return 1
  "${as[@]}" npm ci >"$work/$id.ci.log" 2>&1 || { echo 'npm ci:'; tail -40 "$work/$id.ci.log"; return 1; }
  if has "$place" offline; then go_offline "$id" || return 1; fi
  try_start "$id" || return 1
  # shellcheck disable=SC2206 # a list of paths
  $is_quick && tests=(npx vitest run $QUICK_TESTS)
  "${as[@]}" "${tests[@]}" >"$work/$id.test.log" 2>&1 || code=$?
  if has "$place" offline; then ip netns delete "cronflow-$$-$id"; fi
  [ "$code" = 0 ] || { echo "${tests[*]} ended with $code:"; tail -200 "$work/$id.test.log"; return 1; }
  sed 's/\x1b\[[0-9;]*m//g' "$work/$id.test.log" | grep -E '^ *Tests  '
  cd / && left_behind "$id"
}

# Fails unless `npm start`, with port 8000 taken, ends and says why and what to do.
play_port() {
  local blocker said
  prepare port "$1" || return 1
  cd "$folder" || return 1
  "${as[@]}" npm ci >"$work/$1.ci.log" 2>&1 || { tail -40 "$work/$1.ci.log"; return 1; }
  # If another program has the port already, that serves as well.
  node -e 'require("net").createServer().on("error", () => {}).listen(8000, "127.0.0.1")' &
  blocker=$!
  sleep 1
  said=$("${as[@]}" env -u CRONFLOW_PORT npm start 2>&1) && { echo "npm start ended with 0"; return 1; }
  kill "$blocker" 2>/dev/null
  grep -q 'port 8000 is in use.*choose another with --port' <<<"$said" && return 0
  echo "npm start did not say that port 8000 is taken: $said"
  return 1
}

failed=0
summary=
number=0
for place in "${rounds[@]}"; do
  number=$((number + 1))
  reason=$(missing "$place")
  if [ -n "$reason" ]; then
    summary+="left out  $place: $reason"$'\n'
    continue
  fi
  echo "== $place"
  began=$SECONDS
  result=FAILED
  case $place in
    port) (play_port "$number") && result=fine ;;
    */*)
      (play "${place%%/*}" "$number-one") & one=$!
      (play "${place#*/}" "$number-two") && result=fine
      wait "$one" || result=FAILED ;;
    *) (play "$place" "$number") && result=fine ;;
  esac
  [ "$result" = fine ] || failed=1
  summary+="$result  $place  $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"$'\n'
  find "$work" -mindepth 1 -maxdepth 1 ! -name nodes -exec rm -rf {} +
done
printf '\n%s' "$summary"
exit "$failed"
