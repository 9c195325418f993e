// The log on Kafka: what every log promises, and how it answers when Kafka does not.
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createKafkaLog } from '../../src/log/kafka.ts';
import { freshNamespace } from '../support/services.ts';
import { collect, type Ending, entry } from './collect.ts';
import { conformance } from './conformance.ts';
import { common } from './open.ts';

conformance('kafka');

const logAt = (broker: string, { onTestFinished }: Ending) => {
  const log = createKafkaLog({ ...common, brokers: [broker], namespace: freshNamespace() });
  onTestFinished(() => log.close());
  return log;
};

test.concurrent('refused: an append answers within 3 s, as often as it is asked', async (ending) => {
  const log = logAt('127.0.0.1:1', ending);
  for (const _again of [1, 2]) {
    const startedAt = performance.now();
    const answer = log.append('jobs', [entry('k', 'v')]);
    await expect(answer).rejects.toMatchObject({ code: 'unavailable', repeat: 'unsafe' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  }
  expect(await log.ping()).toBe(false);
});

test.concurrent('silent: an append answers within 11 s, a ping within 3', async (ending) => {
  const mute = net.createServer(() => {});
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  ending.onTestFinished(() => {
    mute.close();
  });
  const log = logAt(`127.0.0.1:${(mute.address() as AddressInfo).port}`, ending);
  const startedAt = performance.now();
  const answer = log.append('jobs', [entry('k', 'v')]);
  expect(await log.ping()).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  await expect(answer).rejects.toMatchObject({ code: 'unavailable', repeat: 'unsafe' });
  expect(performance.now() - startedAt).toBeLessThan(11_000);
});

test.concurrent('a follower may start before Kafka, and stop without it', async (ending) => {
  const { follower } = await collect(logAt('127.0.0.1:1', ending), 'g');
  await follower.stop();
  expect(follower.progress().handled).toBe(0);
});
