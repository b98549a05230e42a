import { PING_KINDS, type PingKind } from '../core/model/reasons.ts';
import { HTTP_LIMITS } from '../http/limits.ts';
import { pingOf } from '../http/ping/ping.ts';
import type { PingAnswer } from './api-types.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { call, type Server, SERVER_OPTIONS, serverOf, strange, URL_HELP } from './remote.ts';

const HELP = `Usage: cronflow ping JOB KIND [OPTIONS]

Reports something of a job to a running Cronflow: KIND is ${PING_KINDS.join(', ')}. It is sent once. Pings that must
not be lost, such as the end of a job, are better sent by scripts/monitor.sh, which keeps those that nobody took.

${URL_HELP}.
                   Its token is that of CRONFLOW_PING_TOKEN or CRONFLOW_TOKEN
  --rid ID         the run's id, the same at start and end: up to 128 visible ASCII characters
  --exit-code N    the command's exit code; where there is one, it alone decides on success
  --host NAME      the machine, up to 255 characters
  --message TEXT   kept as the run's output
  --json           print the answer as POST /jobs/JOB/KIND does
  --help

Exit codes: 0 it is recorded, 1 it is not, 2 wrong usage.
`;

interface Options {
  server: Server;
  job: string;
  kind: PingKind;
  /** The parameters of the ping, by their names in the API. */
  carried: Readonly<Record<string, string>>;
  json: boolean;
}

/** Runs `cronflow ping JOB KIND`: sends one ping. Returns the exit code, see its help. */
export function ping(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'ping',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, job, kind, carried, json }) => {
      const given = { params: { name: job }, body: carried };
      const answer = await call(server, `post_${kind}`, given, { scope: 'ping' });
      const { ok, run_id: runId, reason, warning }: Partial<PingAnswer> = answer;
      if (!ok || reason === undefined) throw strange(server.base);
      if (json) io.stdout(`${JSON.stringify(answer, null, 2)}\n`);
      else io.stdout(`${job}: ${reason}${typeof runId === 'string' ? ` (run ${runId})` : ''}\n`);
      if (!json && typeof warning === 'string') io.stderr(`cronflow ping: ${warning}\n`);
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...SERVER_OPTIONS,
      rid: { type: 'string' },
      'exit-code': { type: 'string' },
      host: { type: 'string' },
      message: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  const [job, word, extra] = positionals;
  if (job === undefined || job === '' || word === undefined)
    throw new Error(`it needs a JOB and a KIND: ${PING_KINDS.join(', ')}`);
  if (extra !== undefined) throw new Error(`"${extra}" is too many; put a text behind --message`);
  const kind = PING_KINDS.find((each) => each === word);
  if (kind === undefined) throw new Error(`KIND "${word}" is not one of ${PING_KINDS.join(', ')}`);
  const carried = {
    ...(values.rid === undefined ? {} : { rid: values.rid }),
    ...(values['exit-code'] === undefined ? {} : { exit_code: values['exit-code'] }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values.message === undefined ? {} : { output: values.message }),
  };
  refuseMalformed(carried);
  return { server: serverOf(io, values.url), job, kind, carried, json: values.json };
}

const ALLOWED = {
  rid: ['--rid', '1 to 128 visible ASCII characters without a space'],
  exit_code: ['--exit-code', 'a whole number from -2147483648 to 4294967295'],
  host: ['--host', '1 to 255 characters, none of them a control character'],
} as const;

/** Refuses what the service would only warn of, because the person who typed it is here to mend it. */
function refuseMalformed(carried: Readonly<Record<string, string>>): void {
  const { output: _output, ...parameters } = carried;
  const query = new URLSearchParams(parameters).toString();
  const { ping: read } = pingOf({
    kind: 'log',
    query,
    body: null,
    received_at: 0,
    limits: HTTP_LIMITS,
  });
  for (const key of ['rid', 'exit_code', 'host'] as const) {
    const given = carried[key];
    if (given === undefined || read[key] !== null) continue;
    const [flag, allowed] = ALLOWED[key];
    throw new Error(`${flag} ${JSON.stringify(given)} is not allowed: ${allowed}`);
  }
}
