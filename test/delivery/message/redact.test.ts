import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../../src/core/text/redact.ts';

// Shapes of secrets, put together here so that nothing in this file looks like one.
const AWS = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const GITHUB = ['ghp', 'a1B2'.repeat(9)].join('_');
const SLACK = ['xoxb', '1234567890', 'abcdefABCDEF'].join('-');
const STRIPE = ['sk', 'live', 'a1b2c3d4e5f6g7h8'].join('_');
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0In0', 'c2lnbmF0dXJl'].join('.');
const TELEGRAM = ['123456789', 'A'.repeat(35)].join(':');
const BEGIN = '-----BEGIN RSA PRIVATE KEY-----';
const END = '-----END RSA PRIVATE KEY-----';
const KEY_LINE = 'MIIEowIBAAKCAQEAx7Vb0r'.repeat(3);

describe('redact, without patterns of the configuration,', () => {
  test.each([
    ['password=$S3CRETa00a$S3CRET', 'password=[redacted]'],
    ['password=$2b$10$abcdefghijklmnopqrstuv', 'password=[redacted]'],
    ['password=${DB_PASSWORD:-hunter22}', 'password=[redacted]'],
    ['postgres://app:hunter2@db:5432/x', 'postgres://app:[redacted]@db:5432/x'],
    ['redis://:p@ss:w@cache/0', 'redis://:[redacted]@cache/0'],
    [
      'cloning https://a1b2c3d4e5f6a1b2c3d4e5f6@git.example.com/x',
      'cloning https://[redacted]@git.example.com/x',
    ],
    ['password=hunter2', 'password=[redacted]'],
    ['DB_PASSWORD=hunter2 PATH=/bin', 'DB_PASSWORD=[redacted] PATH=/bin'],
    ['export PGPASSWORD="hunter 2"; psql', 'export PGPASSWORD="[redacted]"; psql'],
    ['dbPassword: hunter2', 'dbPassword: [redacted]'],
    [
      '{"user": "app", "password": "hun\\"ter2", "port": 1}',
      '{"user": "app", "password": "[redacted]", "port": 1}',
    ],
    ['"{\\"api_key\\":\\"abc\\",\\"a\\":1}"', '"{\\"api_key\\":\\"[redacted]\\",\\"a\\":1}"'],
    ["{'secret': 'abc'}", "{'secret': '[redacted]'}"],
    ['token: 0123456789abcdef', 'token: [redacted]'],
    ['Server=db;Password=a,b;c!;Database=x', 'Server=db;Password=[redacted];Database=x'],
    ['GET /x?token=abc&page=2', 'GET /x?token=[redacted]&page=2'],
    ['user=app, password=abc, host=db', 'user=app, password=[redacted], host=db'],
    ['aws_secret_access_key = wJalr/K7+abc=', 'aws_secret_access_key = [redacted]'],
    ['X-Api-Key: abc', 'X-Api-Key: [redacted]'],
    ['SECRET_KEY_BASE=abc', 'SECRET_KEY_BASE=[redacted]'],
    ['AccountKey=abc==;EndpointSuffix=core', 'AccountKey=[redacted];EndpointSuffix=core'],
    ['MYSQL_PWD=abc', 'MYSQL_PWD=[redacted]'],
    ['ruby: {:password=>"abc"}', 'ruby: {:password=>"[redacted]"}'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ["curl -H 'authorization: Basic YWJj' -v", "curl -H 'authorization: Basic [redacted]' -v"],
    ['proxy-authorization=abc', 'proxy-authorization=[redacted]'],
    ['Set-Cookie: session=abc; Path=/', 'Set-Cookie: [redacted]'],
    ['sent bearer abcdefghijklmnop1', 'sent bearer [redacted]'],
    ['run --password hunter2 --verbose', 'run --password [redacted] --verbose'],
    ["run --db-password='hunter 2' now", "run --db-password='[redacted]' now"],
    ['run --api-key abc', 'run --api-key [redacted]'],
    ['+ curl -s -u app:hunter2 https://x', '+ curl -s -u app:[redacted] https://x'],
    ['+ mysqldump -uroot -phunter2 shop', '+ mysqldump -uroot -p[redacted] shop'],
    ['+ sshpass -p hunter2 ssh web1', '+ sshpass -p [redacted] ssh web1'],
    [`using ${AWS} in eu`, 'using [redacted] in eu'],
    [`got ${GITHUB}.`, 'got [redacted].'],
    [`${SLACK} is revoked`, '[redacted] is revoked'],
    [`stripe ${STRIPE}`, 'stripe [redacted]'],
    [`jwt (${JWT})`, 'jwt ([redacted])'],
    [
      `https://api.telegram.org/bot${TELEGRAM}/getMe`,
      'https://api.telegram.org/bot123456789:[redacted]/getMe',
    ],
    [
      'https://hooks.slack.com/services/T0/B0/abc failed',
      'https://hooks.slack.com/services/[redacted] failed',
    ],
    ['PUT https://x.blob/y?sv=1&sig=abc%3D&se=2', 'PUT https://x.blob/y?sv=1&sig=[redacted]&se=2'],
    [
      'https://acme.webhook.office.com/webhookb2/a@b/c',
      'https://acme.webhook.office.com/webhookb2/[redacted]',
    ],
    ['Server=db;Pwd=hunter2;Database=x', 'Server=db;Pwd=[redacted];Database=x'],
    ['login user=app pass=hunter2', 'login user=app pass=[redacted]'],
    ['curl --cert c.pem --pass hunter2 https://x', 'curl --cert c.pem --pass [redacted] https://x'],
    ['API key: abcdef', 'API key: [redacted]'],
    [`routing_key: ${'0a'.repeat(16)}`, 'routing_key: [redacted]'],
    ["CREATE USER app IDENTIFIED BY 'hunter 2';", "CREATE USER app IDENTIFIED BY '[redacted]';"],
    ['openssl rsa -passin pass:hunter2 -in a', 'openssl rsa -passin pass:[redacted] -in a'],
    ['+ docker login -u ci -p hunter2 hub', '+ docker login -u ci -p [redacted] hub'],
    ['+ redis-cli -a hunter2 BGSAVE', '+ redis-cli -a [redacted] BGSAVE'],
    [`vault ${['hvs', 'CAESIJ'.repeat(5)].join('.')}`, 'vault [redacted]'],
    [`grafana ${['glsa', 'a1B2'.repeat(8)].join('_')}`, 'grafana [redacted]'],
    [`hub ${['dckr', 'pat', 'a1B2'.repeat(7)].join('_')}`, 'hub [redacted]'],
    [`age ${['AGE-SECRET-KEY', `1${'QP'.repeat(29)}`].join('-')}`, 'age [redacted]'],
  ])('hides what is secret in %s', (text, hidden) => {
    expect(redact(text, [])).toBe(hidden);
    // What is hidden stays as it is.
    expect(redact(hidden, [])).toBe(hidden);
  });

  test('hides the middle of a private key', () => {
    const text = `before\n${BEGIN}\nProc-Type: 4,ENCRYPTED\n\n${KEY_LINE}\n${KEY_LINE}\n${END}\nafter`;
    expect(redact(text, [])).toBe(`before\n${BEGIN}\n[redacted]\n${END}\nafter`);
  });

  test('hides a private key in one line', () => {
    expect(redact(`{"key": "${BEGIN}\\n${KEY_LINE}\\n${END}\\n"}`, [])).toBe(
      `{"key": "${BEGIN}[redacted]${END}\\n"}`,
    );
  });

  test('hides a private key of which the beginning or the end is not there', () => {
    expect(redact(`${KEY_LINE}\n${KEY_LINE}\nMIIE=\n${END}\nafter`, [])).not.toContain(KEY_LINE);
    expect(redact(`a\n${BEGIN}\n${KEY_LINE}\n${KEY_LINE}\nthe error`, [])).toBe(
      `a\n${BEGIN}\n[redacted]\nthe error`,
    );
  });
});

describe('redact, where nothing is secret,', () => {
  test.each([
    'password=$DB_PASSWORD',
    'token: ${API_TOKEN}',
    'password=$(cat /run/secret)',
    'token=$1',
    'SyntaxError: Unexpected token: }',
    'invalid token: expected a number',
    'FATAL: password authentication failed for user "app"',
    'password: authentication failed',
    'Enter password: Permission denied',
    'tests: pass: 12, fail: 0',
    'PWD=/home/app OLDPWD=/root',
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    '(using password: NO)',
    'pass=12 fail=0, pass=ok',
    'ffmpeg pass=1',
    'published to exchange with routing_key: orders.created',
    'docker run -p 8080:80 nginx',
    'compass: north',
    'max_tokens: 512',
    'password=null token=${TOKEN} secret=$SECRET api_key=<hidden> password=****',
    'secret "db-credentials" not found',
    'password_file=/run/secrets/db',
    'http://db:5432/x and mail to ops@example.com',
    'git@github.com:acme/shop.git',
    'Basic authentication is off',
    'exit 1 after 4m12s',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    'docker run -u 1000:1000 alpine',
    'task-runner-with-a-rather-long-name-for-a-job',
    '-----BEGIN CERTIFICATE-----',
    'the key is: unknown',
    'primary key: id',
  ])('leaves as it is: %s', (text) => {
    expect(redact(text, [])).toBe(text);
  });
});

describe('patterns of the configuration', () => {
  test('hide what they match, or their first group alone', () => {
    expect(redact('card 4111 1111, card 5500 0000', ['\\d{4} \\d{4}'])).toBe(
      'card [redacted], card [redacted]',
    );
    expect(redact('licence=AB12 for x\nlicence=CD34', ['licence=(\\w+)'])).toBe(
      'licence=[redacted] for x\nlicence=[redacted]',
    );
    expect(redact('a1 b2 c3', ['a(\\d)|b\\d'])).toBe('a[redacted] b2 c3');
    expect(redact('a1 b2', ['(?:a|b)\\d'])).toBe('[redacted] [redacted]');
  });

  test('come before those built in, and hide nothing where they match nothing', () => {
    expect(redact('password=abc id=7', ['abc id=7'])).toBe('password=[redacted]');
    expect(redact('abc', ['x*'])).toBe('abc');
    expect(redact('', ['x*', '$'])).toBe('');
  });
});

describe('redact', () => {
  test('is linear in the length of its text, even where that is hostile', () => {
    const hostile = [
      'password=',
      '://a:',
      '://a:b@',
      'eyJ-',
      'eyJaaaaaaaa.',
      '--',
      '--a-',
      `${BEGIN}\n`,
      BEGIN,
      `${END}\n`,
      `${KEY_LINE}\n`,
      'token: ',
      'a,',
      'password="\\',
      'curl -u a',
      'basic a',
      'Authorization: ',
      '1:',
      'xoxb-',
      'unexpected token',
    ];
    for (const piece of hostile) {
      const text = piece.repeat(Math.ceil(65_536 / piece.length));
      // No speed is asserted: what is quadratic would not end before the test's time is over.
      expect(redact(text, ['(a+a+)+y', '(?:x|xx)+$']).length).toBeGreaterThan(0);
    }
  });

  test('hides a value wherever it stands', () => {
    const word = fc.stringMatching(/^[a-z]{0,10}$/);
    const secret = fc.stringMatching(/^S[A-Z0-9]{8,40}T$/);
    fc.assert(
      fc.property(
        word,
        secret,
        word,
        fc.constantFrom('=', ': ', '":"', ' = ', '=>"'),
        (before, value, after, sep) => {
          expect(redact(`${before} db_password${sep}${value} ${after}`, [])).not.toContain(value);
        },
      ),
    );
  });
});
