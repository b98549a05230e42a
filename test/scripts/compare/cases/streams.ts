import type { Case } from '../table.ts';

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(
  '',
);

/** Where the streams lead. */
export const STREAMS: readonly Case[] = [
  {
    name: 'every byte, with no line end at the end',
    script: String.raw`
      printf '${EVERY_BYTE}' >../bytes
      $RUN sh -c 'cat ../bytes; cat ../bytes >&2'`,
    shows: /^exit code 0/,
  },
  {
    name: 'the order of both streams in one pipe',
    script: String.raw`
      $RUN sh -c 'i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done' 2>&1`,
    shows: /o299\ne299/,
    sends: /o299\ne299\n$/,
  },
  {
    name: 'the order of both streams in one file, and what the caller writes after it',
    script: String.raw`
      { echo before; $RUN sh -c 'i=0; while [ $i -lt 50 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done'; echo after; } >both 2>&1`,
    shows: /o49\ne49\nafter/,
    sends: /^o0\n[^]*o49\ne49\n$/,
  },
  {
    name: 'files: appended to, truncated, written from the middle, opened twice, removed',
    script: String.raw`
      echo first >append; $RUN sh -c 'echo second; echo third >&2' >>append 2>>append
      $RUN sh -c 'echo one; echo 2 >&2; echo three' >twice 2>twice
      printf '0123456789\n' >middle; { printf ab; $RUN printf cd; printf ef; } 1<>middle
      { rm removed; $RUN sh -c 'echo x; wc -c <&1' ; wc -c <&1 >&2; } 1<>removed
      $RUN sh -c 'echo kept; : >truncated; echo new' >truncated
      $RUN sh -c 'echo unread' >secret; chmod 200 secret; $RUN sh -c 'echo more' >>secret`,
    shows: /0*ab/,
    reports: [0, 0, 0, 0, 0, 0, 0],
  },
  {
    name: 'a file as stdout, as the command finds it: itself, its offset and its flags',
    script: String.raw`
      echo head >f
      $RUN sh -c 'grep -E "pos|flags" /proc/$$/fdinfo/1; readlink /proc/$$/fd/1; [ -f /dev/stdout ] && echo file' >>f
      $RUN sh -c 'grep -E "pos|flags" /proc/$$/fdinfo/1; readlink /proc/$$/fd/1; echo x >/dev/stderr' >g 2>h`,
    shows: /^flags:.*\n.*work\/f$/m,
    needs: ['/proc'],
    reports: [0, 0],
  },
  {
    name: 'standard input: a file, of which the rest is left to the caller',
    script: String.raw`
      printf 'one\ntwo\nthree\n' >in
      { $RUN sh -c 'read line; echo "got $line"'; cat; } <in
      { $RUN true; cat; } <in
      cat in | { $RUN sh -c 'read line; echo "got $line"'; cat; }`,
    shows: /got one\ntwo\nthree\none/,
    reports: [0, 0, 0],
  },
  {
    name: 'standard input: a pipe whose writer stays',
    script: String.raw`
      mkfifo ../fifo; exec 3<>../fifo; echo line >&3
      $RUN sh -c 'read line; echo "got $line"' <&3 3<&-; $RUN true <&3`,
    shows: /got line/,
    reports: [0, 0],
  },
  {
    name: 'a megabyte and more through a pipe, either way',
    script: String.raw`
      seq 1 200000 | $RUN cat | cksum
      seq 1 200000 | $RUN sh -c 'cat >&2' 2>&1 >/dev/null | cksum
      $RUN sh -c 'head -c 9999999 /dev/zero; echo then; sleep 0.1; seq 1 200000; echo end >&2' 2>&1 | { sleep 0.1; cksum; }`,
    shows: /1288895\n\d+ 11288903/,
    reports: [0, 0, 0],
  },
  {
    name: 'much to two pipes at once, in pieces of every size',
    script: String.raw`
      { $RUN sh -c 'seq 1 2000000 & { seq 1 100; seq 2000000 -1 1; head -c 3000001 /dev/zero; sleep 0.1; echo last; } >&2; wait' 2>&1 >&3 | cksum >err; } 3>&1 | cksum`,
    shows: /14888896/,
    sends: /last\n$/,
  },
  {
    name: 'much to a pipe, where a sandbox refuses the system calls that pass on pages',
    script: String.raw`
      for call in tee splice; do
        strace -f -o ../trace -e trace=$call -e inject=$call:error=ENOSYS $RUN sh -c 'head -c 3000000 /dev/zero; echo end; exit 4' | cksum
      done`,
    shows: /^\d+ 3000004$/m,
    needs: ['strace(1)', 'perl'],
    reports: [4, 4],
  },
  {
    name: 'sockets: two ways, and one that keeps messages apart',
    script: String.raw`
      cat >../socket.pl <<'END'
use Socket;
my $type = shift; socketpair my $ours, my $its, AF_UNIX, $type, 0;
unless (fork) { close $ours; open STDIN, "<&", $its; open STDOUT, ">&", $its; exec @ARGV }
close $its;
if ($type == SOCK_STREAM) { syswrite $ours, "hello\n"; shutdown $ours, 1; print while <$ours> }
else { recv $ours, my $message, 100, 0; print $message }
wait; print $? >> 8, "\n";
END
      perl ../socket.pl 1 $RUN sh -c 'read -r word; echo "got $word"; exit 4'
      perl ../socket.pl 2 $RUN sh -c 'echo one message; exit 5' </dev/null`,
    shows: /got hello\n4\none message\n5/,
    needs: ['perl'],
    reports: [4, 5],
  },
  {
    name: 'closed streams',
    script: String.raw`
      $RUN cat <&-; note $?
      $RUN env echo x >&-; note $?
      $RUN sh -c 'echo x >&2; exit 5' 2>&-; note $?
      $RUN sh -c 'exit 6' <&- >&- 2>&-; note $?
      $RUN sh -c 'echo y; echo x >&2' 2>&-; note $?
      $RUN sh -c 'echo y >&2; cat' <&- >&-; note $?`,
    shows: /^6$/m,
    reports: null,
  },
  {
    name: 'closed streams stay closed for the command',
    script: String.raw`
      look='for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12 255; do [ ! -e /proc/$$/fd/$fd ] || printf "%s " $fd; done >>fds; echo >>fds'
      $RUN sh -c "$look" <&-; $RUN sh -c "$look" >&-; $RUN sh -c "$look" 2>&-
      $RUN sh -c "$look" <&- >&-; $RUN sh -c "$look" <&- 2>&-; $RUN sh -c "$look" >&- 2>&-; $RUN sh -c "$look" <&- >&- 2>&-`,
    shows: /^1 2/m,
    needs: ['/proc'],
    reports: [0, 0, 0, 0, 0, 0, 0],
  },
  {
    name: '/dev/null and /dev/zero',
    script: String.raw`$RUN sh -c 'echo x; echo y >&2; head -c 3 | wc -c >n' </dev/zero >/dev/null 2>/dev/null`,
    shows: /^3$/m,
  },
  {
    name: '/dev/full: what could not be written is no success',
    script: String.raw`
      $RUN env echo x >/dev/full 2>../e; [ $? -ne 0 ] && note failed; [ -s ../e ] && note said
      $RUN head -c 300000 /dev/zero >/dev/full 2>../e; [ $? -ne 0 ] && note failed; [ -s ../e ] && note said
      $RUN sh -c 'echo x; exit 7' >/dev/full 2>../e; note $?
      $RUN sh -c 'echo x >&2; exit 7' 2>/dev/full; note $?`,
    shows: /^failed$/m,
    needs: ['/dev/full'],
    reports: null,
  },
  {
    name: 'a full disk below stdout: the same error, the same file',
    script: String.raw`
      unshare --mount sh -c '
        mkdir ../disk; mount -t tmpfs -o size=64k none ../disk
        $1 head -c 300000 /dev/zero >../disk/d; echo "$? $(wc -c <../disk/d)" >>notes
        $1 head -c 300000 /dev/zero >>../disk/d; echo "$? $(wc -c <../disk/d)" >>notes
        $1 sh -c "echo lost >&2; exit 4" 2>>../disk/d; echo "$?" >>notes
        $1 sh -c "head -c 300000 /dev/zero; echo to stderr >&2" >../disk/d; echo "$?" >>notes
      ' sh "$RUN"`,
    shows: /^1 65536$/m,
    needs: ['a mount namespace by unshare(1)'],
    reports: [0, 1, 1, 4],
  },
  {
    name: 'ulimit -f: a file that grows too large, and a pipe that the limit does not concern',
    script: String.raw`
      quiet; ulimit -c 0
      (ulimit -f 8; $RUN sh -c 'head -c 100000 /dev/zero' >f 2>../e); note $?
      (ulimit -f 8; trap '' XFSZ; $RUN head -c 100000 /dev/zero >g 2>h); note $?
      (ulimit -f 1; $RUN seq 1 20000 | cksum)
      (ulimit -f 0; $RUN seq 1 20000 2>&1 | cksum)`,
    shows: /^153$/m,
    reports: null,
  },
  {
    name: 'a reader that leaves ends the command as it does bare',
    script: String.raw`
      quiet
      { $RUN yes 2>e1; note $?; } | head -n 1
      { $RUN yes 2>&1; note $?; } | head -n 1
      { $RUN sh -c 'while :; do echo x >&2 || exit 3; done' 2>&1 >/dev/null; note $?; } | head -n 1
      { $RUN sh -c 'trap "" PIPE; while echo x; do :; done 2>/dev/null; exit 9'; note $?; } | head -n 1`,
    shows: /^141\n141\n141\n9$/m,
    reports: [9, 141, 141, 141],
  },
  {
    name: 'a reader that leaves, with SIGPIPE ignored as under systemd',
    script: String.raw`
      quiet; trap '' PIPE
      { $RUN yes 2>e1; note $?; } | head -n 1
      { $RUN sh -c 'while echo x; do :; done 2>/dev/null; exit 9'; note $?; } | head -n 1`,
    shows: /^1\n9$/m,
    reports: [1, 9],
  },
  {
    name: 'a reader that was gone before the last write',
    script: String.raw`
      quiet
      { await gone; $RUN env echo x 2>../e; note $?; } | : >gone
      (trap '' PIPE; { await gone2; $RUN env echo x 2>../e2; [ $? -ne 0 ] && note failed; [ -s ../e2 ] && note said; } | : >gone2)`,
    shows: /^141\nfailed\nsaid$/m,
    reports: null,
  },
  {
    name: 'a reader that leaves when all is said',
    script: String.raw`
      { $RUN sh -c 'echo one; while [ ! -e gone ]; do sleep 0.02; done'; note $?; } | { head -n 1; exec <&-; : >gone; }`,
    shows: /^0$/m,
  },
  {
    // A pipe holds so much bare: in pages that are full, and in lines of which each page holds one.
    name: 'a reader that waits for the end before it reads',
    script: String.raw`
      cat >../late.pl <<'END'
pipe my $ours, my $its; unless (fork) { close $ours; open STDOUT, ">&", $its; exec @ARGV }
close $its; wait; print $? >> 8, "\n"; local $/; print length <$ours>, "\n";
END
      seq 1 20000 | head -c 65536 >../text
      perl ../late.pl $RUN cat ../text
      perl ../late.pl $RUN perl -e 'print "x" x 2999, "\n" for 1 .. 20; exit 3'
      perl ../late.pl $RUN perl -e '$| = 1; print "x" x 96, "\n" for 1 .. 640; exit 4'`,
    shows: /^0\n65536\n3\n60000\n4\n62080$/m,
    needs: ['perl'],
    reports: [0, 3, 4],
  },
  {
    // One that leaves early gives the same.
    name: 'a reader that leaves without having read, and more lines than a pipe holds',
    script: String.raw`
      cat >../stuck.pl <<'END'
my ($last, $same) = (0, 0);
until ($same > 20) {
  ioctl STDIN, 21531, my $n = pack "i", 0; $n = unpack "i", $n;
  $same = $n > 40000 && $n == $last ? $same + 1 : 0; $last = $n; select undef, undef, undef, 0.02;
}
END
      quiet
      { $RUN perl -e 'print "x" x 2999, "\n" for 1 .. 30'; note $?; } | perl ../stuck.pl`,
    shows: /^141$/m,
    needs: ['perl'],
    reports: null,
  },
  {
    name: 'a reader that reads nothing, and a signal that ends the command',
    script: String.raw`
      quiet; mkfifo ../fifo; sleep 300 <../fifo & reader=$!; exec 3>../fifo
      for size in 900000 99999999; do
        rm -f ready ../pid
        { await ../pid; await ready; kill -s TERM $(cat ../pid); } 3>&- &
        in_foreground $RUN sh -c ': >ready; exec head -c "$1" /dev/zero' sh $size >&3 3>&-; note $?
      done
      kill $reader`,
    shows: /^143\n143$/m,
    needs: ['/proc'],
    reports: null,
  },
  {
    name: 'a FIFO whose reader changes between two lines',
    script: String.raw`
      mkfifo ../fifo
      { read -r line <../fifo; echo "$line"; : >first; await second; } &
      { $RUN sh -c 'echo one; while [ ! -e first ]; do sleep 0.02; done; while [ ! -e open ]; do sleep 0.02; done; echo two; exit 4'
        note $?; } >../fifo &
      await first; exec 3<>../fifo; : >open; read -r line <&3; echo "$line"; : >second; wait`,
    shows: /^one\ntwo\n/m,
    reports: 4,
  },
  {
    // The reader is slow at first, so the pipe is full and no large write goes there whole.
    name: 'lines of several commands in one pipe stay whole',
    script: String.raw`
      for n in 1 2 3 4 5 6; do
        $RUN sh -c 'i=0; while [ $i -lt 2000 ]; do echo "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1"; i=$((i+1)); done; : >written.$1' sh "of-number-$n" &
      done | { sleep 0.5; sort | uniq -c | sed 's/^ *//'; }
      wait`,
    shows: /^2000 of-number-1/m,
    needs: ['perl'],
    reports: [0, 0, 0, 0, 0, 0],
  },
  {
    name: 'a command that closes its stdout: the reader sees the end then',
    script: String.raw`
      $RUN sh -c 'echo a; exec >&-; while [ ! -e seen ]; do sleep 0.02; done; echo on >&2' | { cat; : >seen; }`,
    shows: /^on$/m,
  },
  {
    name: 'a slow reader gets all of it, in a PID namespace that ends with the command',
    script: String.raw`
      unshare --pid --fork --mount-proc --kill-child $RUN seq 1 20000 | { sleep 2; wc -l; }
      unshare --pid --fork --mount-proc --kill-child $RUN sh -c 'seq 1 8000 >&2' 2>&1 >/dev/null | { sleep 2; wc -l; }
      unshare --pid --fork --mount-proc --kill-child $RUN sh -c 'seq 1 20000; exit 3' >f; note $?`,
    shows: /^20000$/m,
    needs: ['a PID namespace by unshare(1)'],
    reports: [0, 0, 3],
  },
  {
    name: 'a daemon that the command leaves behind holds the stream and still writes to it',
    script: String.raw`
      { $RUN sh -c '(while [ ! -e ended ]; do sleep 0.02; done; echo late) & echo now'; note $?; : >ended; } | cat`,
    shows: /^now\nlate$/m,
  },
  {
    name: 'a stream that is open for reading only',
    script: String.raw`
      : >ro; $RUN env echo x 1<ro 2>../e; [ $? -ne 0 ] && note failed; [ -s ../e ] && note said
      $RUN sh -c 'echo x >&2; exit 3' 2<ro; note $?`,
    shows: /^failed\nsaid\n3$/m,
    reports: null,
  },
  {
    name: 'stdout and stderr are files of the caller, and large',
    script: String.raw`$RUN sh -c 'seq 1 200000; seq 1 1000 >&2'`,
    streams: 'file',
    shows: /1288895 bytes/,
  },
];
