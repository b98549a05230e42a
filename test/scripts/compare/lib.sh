# Read by each case of the table before its own script.

# note WORD...: writes down what is to be compared beside the streams and the files.
note() {
  printf '%s\n' "$*" >>notes
}

# await FILE: until it is there. A case that has been given up has lost its directory.
await() {
  while [ ! -e "$1" ] && [ -e ../case.sh ]; do sleep 0.02; done
}

# quiet: nothing the calling shell says itself, such as "Terminated", is compared.
quiet() {
  exec 2>/dev/null
}

# in_foreground WORD...: runs the words as they are, and writes down the id of their process, which the words keep.
in_foreground() {
  sh -c 'echo $$ >../pid.new && mv ../pid.new ../pid; exec "$@"' sh "$@"
}

# send SIGNAL...: sends each to the process of in_foreground, once the command is ready, and each once the command has
# written down the last one.
send() {
  await ../pid
  await ready
  for signal in "$@"; do
    kill -s "$signal" "$(cat ../pid)"
    await "got.$signal"
  done
  : >done
}

# hush WORD...: runs the words, and passes on what they say on stderr but for the lines of the wrapper, and those of its
# shell about a process that it could not start.
hush() {
  "$@" 2>../hushed
  hushed=$?
  grep -av -e '^cronflow: ' -e '[Cc]annot fork' ../hushed >&2
  return "$hushed"
}
