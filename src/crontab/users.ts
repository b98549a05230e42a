import type { Dialect } from './crons.ts';

/** Matches a name that a user can have; on BSD a group and a class may stand behind it. */
const NAME = /^[A-Za-z_][\w.-]{0,31}\$?$/;
const NAME_OF_BSD = /^[A-Za-z_][\w.-]{0,31}\$?(?::[\w.-]+)?(?:\/[\w.-]+)?$/;
/** Users that systems come with, or that are made on many, and whose names are no programs. */
const USERS = new Set(
  'root ubuntu www-data nobody ec2-user debian centos vagrant apache deploy nagios munin zabbix daemon _www www'.split(
    ' ',
  ),
);
/** Programs whose names some users have. */
const USERS_AND_PROGRAMS = new Set(
  'backup docker git jenkins mail mysql nginx node postgres redis'.split(' '),
);
/** Programs that no user is named after, and with which many a command begins. */
const PROGRAMS = new Set(
  (
    'ash awk bash bundle bunzip2 cat cd certbot chmod chown composer cp curl dash date dd df docker-compose du echo env ' +
    'exec export find flock gzip ionice kill killall ksh ln logger logrotate ls make mkdir mv mysqldump nice npm npx ' +
    'ntpdate perl pg_dump php pip pip3 pkill printf ps python python2 python3 rake rclone rm rsync ruby run-parts scp ' +
    'sed service set setsid sh sleep source ssh sudo systemctl tail tar test timeout touch true wget zsh'
  ).split(' '),
);

/** Says why the word in the place of the user is none; undefined where it may be one. */
export function userProblem(word: string, { flags }: Dialect): string | undefined {
  const isName = (flags === '' ? NAME : NAME_OF_BSD).test(word) && !/^\.{0,2}\//.test(word);
  if (isName && !PROGRAMS.has(word)) return undefined;
  const what = isName ? 'is a program' : 'cannot be the name of one';
  return `in the place of the user stands ${JSON.stringify(word)}, which ${what}; if no users stand in this crontab, import it with --user`;
}

/** Says why the first word of a command is probably the user who runs it. */
export function userDoubt(command: string): string | undefined {
  const [first = '', second = ''] = command.trim().split(/[ \t]+/);
  const isUser = USERS.has(first) ? second !== '' : USERS_AND_PROGRAMS.has(first) && /^[./~]/.test(second);
  if (!isUser) return undefined;
  return `the command begins with ${JSON.stringify(first)}: if this is a system crontab, import it with --system`;
}
