// A job as a stream through the whole service: nothing goes before the last line is in, then everybody gets it once, and the list comes
// back whole in each form.
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { API_KEY } from '../support/client.ts';
import { startProgram } from '../support/program.ts';
import { servedStage } from '../support/stage.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const ROWS = 1_200;
const served = servedStage({ senders: [{ id: 's1', throughput: 1_000 }] });

const line = (i: number): string => `+1650${2_000_000 + i},"Ana, ${i}",row-${i}\n`;
const headers = { authorization: `Bearer ${API_KEY}` };

test('uploaded while paused, resumed, sent, listed', async () => {
  const { api, url } = served.service;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const write = (text: string) => writer.write(new TextEncoder().encode(text));
  const answered = fetch(`${url}/v1/jobs?sender=s1&template.name=offer&template.language=en_US`, {
    method: 'POST',
    body: readable,
    duplex: 'half',
    headers: { ...headers, 'content-type': 'text/csv' },
  } as RequestInit);
  await write(`to,name,reference\n${line(0)}nobody,x,y\n${line(0)}`);
  const { data } = await until(
    async () => {
      const page = await api.get<{ data: { id: string; status: string }[] }>('/v1/jobs');
      return page.data.length > 0 ? page : undefined;
    },
    { what: 'the job is seen' },
  );
  const id = data[0]?.id ?? '';
  expect((await api.act(id, 'pause')).status).toBe(200);
  for (let i = 1; i < ROWS; i += 1) await write(line(i));
  expect((await api.job(id)).status).toBe('paused');
  await writer.close();
  const answer = await answered;
  expect(answer.status).toBe(202);
  expect(await answer.json()).toMatchObject({
    rejected: [{ index: 1, line: 3 }],
    duplicates: [{ index: 2, of: 0 }],
  });
  expect((await api.job(id)).counts).toMatchObject({ total: ROWS, queued: ROWS });
  expect((await served.stage.platform.ledger()).totals.arrivals).toBe(0);

  expect((await api.act(id, 'resume')).status).toBe(200);
  const done = await api.completed(id);
  expect(done.counts).toMatchObject({ total: ROWS, accepted: ROWS });
  const ledger = await served.stage.platform.ledger();
  expect(ledger).toMatchObject({ recipients: ROWS, repeats: 0, violations: { total: 0 } });

  const left = await api.get<{ data: object[]; has_more: boolean }>(`/v1/jobs/${id}/rejected`);
  expect(left).toMatchObject({
    data: [
      { index: 1, line: 3, code: 'invalid_recipient', of: null },
      { index: 2, line: 4, code: 'duplicate', of: 0 },
    ],
    has_more: false,
  });
  const first = await api.get<{ data: object[]; next_cursor: string }>(`/v1/jobs/${id}/rejected?limit=1`);
  const second = await api.get(`/v1/jobs/${id}/rejected?limit=1&cursor=${first.next_cursor}`);
  expect(second).toMatchObject({ data: [{ index: 2 }], has_more: false });

  const items = await api.items(id);
  const lines = (await exported(url, id, 'application/x-ndjson')).trimEnd().split('\n');
  expect(lines.map((one) => JSON.parse(one) as unknown)).toEqual(items);
  const csv = (await exported(url, id, 'text/csv;q=0.9, application/json;q=0.1')).trimEnd().split('\r\n');
  expect(csv).toHaveLength(ROWS + 1);
  expect(csv[1]).toMatch(/^0,\+16502000000,row-0,accepted,1,wamid\.[^,]+,,,2/);
  expect(await exported(url, id, 'text/csv', '?status=failed')).toMatch(/^index,[^\n]*\r\n$/);
  const paged = await fetch(`${url}/v1/jobs/${id}/items?limit=5`, {
    headers: { ...headers, accept: 'text/csv' },
  });
  expect(paged.status).toBe(400);
});

/** Zipped on the way; unzipped by hand, to be sure of it. */
async function exported(url: string, id: string, accept: string, query = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/v1/jobs/${id}/items${query}`,
      { headers: { ...headers, accept, 'accept-encoding': 'gzip' } },
      (answer) => {
        expect(answer.headers['content-encoding']).toBe('gzip');
        const parts: Buffer[] = [];
        answer
          .pipe(createGunzip())
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => resolve(Buffer.concat(parts).toString('utf8')))
          .on('error', reject);
      },
    );
    asked.on('error', reject).end();
  });
}

test('the command sends a file of any size, goes on where it broke off, and sends nothing twice', async () => {
  const { url, api } = served.service;
  const rows = 20_000;
  const proxy = await openTcpProxy(url, 600_000);
  const file = path.join(tmpdir(), `${served.stage.namespace}.ndjson`);
  const text = (i: number) =>
    `${JSON.stringify({ to: `+1650${6_000_000 + i}`, variables: [`N ${i}`], reference: `r-${i}` })}\n`;
  await writeFile(file, `${Array.from({ length: rows }, (_, i) => text(i)).join('')}{"to":"nobody"}\n`);
  const env = { SLUICE_API_KEY: API_KEY, SLUICE_URL: `http://127.0.0.1:${proxy.port}` };
  const words = [
    file,
    '--sender',
    's1',
    '--template',
    'offer',
    '--language',
    'en_US',
    '--key',
    'of-the-file',
  ];
  const send = async () => {
    const program = startProgram('src/cli/sluice.ts', ['send', ...words], env);
    return { status: await program.ended, lines: program.lines };
  };
  const first = await send();
  expect([first.status, first.lines]).toEqual([0, first.lines]);
  expect(first.lines.join('\n')).toMatch(/It goes on with the same key/);
  expect(first.lines.join('\n')).toMatch(/accepted: 20,000 of 20,001\n {2}line 20001: /);
  const id = first.lines.find((one) => one.startsWith('job_')) ?? '';
  expect((await api.job(id)).counts.total).toBe(rows);
  expect((await api.act(id, 'cancel')).status).toBe(200);
  const again = await send();
  expect(again.lines.join('\n')).toContain('(this key was used before: its job)');
  expect(again.lines).toContain(id);
  await proxy.close();
  const none = startProgram('src/cli/sluice.ts', ['send', `${file}.none`, ...words.slice(1)], env);
  expect([await none.ended, none.lines.join('')]).toEqual([1, expect.stringContaining('cannot be read')]);
});
