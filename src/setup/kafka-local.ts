// A Kafka broker without Docker: the Maven artifacts of the release on a Java runtime, one node that is broker and
// controller at once (KRaft). The artifacts and an empty formatted data folder are kept in `.sluice/kafka/<version>`,
// so that only the first start on a machine takes longer than the broker itself.
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aptInstall, capture, freePort, onPath, type Say, SetupRefusal, startServer } from './program.ts';

const version = '4.1.2';
const scala = '2.13';
const clusterId = 'c2x1aWNlLWxvY2FsLW9uZQ';
const oldestJava = 17;
const cache = path.resolve(import.meta.dirname, '../../.sluice/kafka', version);

export interface LocalBroker {
  brokers: string;
  running(): boolean;
  /** The last line of the broker's output, for the message when it does not start. */
  lastWords(): Promise<string>;
  stop(): Promise<void>;
}

/** Started, but not yet known to answer. */
export async function startLocalBroker(say: Say): Promise<LocalBroker> {
  const java = await javaRuntime(say);
  const classes = path.join(await artifacts(say), '*');
  const empty = await formattedFolder(java, classes);
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-kafka-'));
  await cp(empty, path.join(folder, 'data'), { recursive: true });
  const [port, controllerPort] = [await freePort(), await freePort()];
  await writeFile(
    path.join(folder, 'server.properties'),
    properties(path.join(folder, 'data'), port, controllerPort),
  );
  await writeFile(path.join(folder, 'log4j2.xml'), quietLog);
  const heap = ['-Xms256m', '-Xmx512m', '-XX:+UseG1GC', '-Djava.awt.headless=true'];
  const flags = [...heap, `-Dlog4j2.configurationFile=${path.join(folder, 'log4j2.xml')}`, '-cp', classes];
  const server = startServer(java, [...flags, 'kafka.Kafka', path.join(folder, 'server.properties')], folder);
  return {
    brokers: `127.0.0.1:${port}`,
    running: server.running,
    lastWords: async () =>
      (await readFile(path.join(folder, 'output.log'), 'utf8')).trim().split('\n').at(-1) ?? '',
    stop: server.stop,
  };
}

async function javaRuntime(say: Say): Promise<string> {
  const advice = `Install a Java ${oldestJava} runtime, or start Docker, or set KAFKA_BROKERS.`;
  let java = await recentJava();
  if (!java && (await aptInstall(['default-jre-headless'], say))) java = await recentJava();
  if (!java) throw new SetupRefusal(`There is no Java ${oldestJava} or newer to run Kafka: ${advice}`);
  return java;
}

async function recentJava(): Promise<string | undefined> {
  const java = onPath('java');
  if (!java) return undefined;
  const said = await capture(java, ['-version'], 20_000);
  const major = /version "(\d+)/.exec(said.stderr + said.stdout)?.[1];
  return Number(major ?? 0) >= oldestJava ? java : undefined;
}

/** The release's jars, fetched by Maven from wherever this machine's Maven fetches. */
async function artifacts(say: Say): Promise<string> {
  const libs = path.join(cache, 'libs');
  if (existsSync(libs)) return libs;
  if (!onPath('mvn')) await aptInstall(['maven'], say);
  const mvn = onPath('mvn');
  if (!mvn)
    throw new SetupRefusal(
      'There is no Kafka: install Maven (mvn on PATH), or start Docker, or set KAFKA_BROKERS.',
    );
  say(`fetching Kafka ${version} with Maven (once, up to a minute) …`);
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(path.join(cache, 'fetch-'));
  try {
    await writeFile(path.join(fresh, 'pom.xml'), pom);
    const goal = ['-q', '-B', '-f', path.join(fresh, 'pom.xml'), 'dependency:copy-dependencies'];
    const wanted = ['-DincludeScope=runtime', `-DoutputDirectory=${path.join(fresh, 'libs')}`];
    const done = await capture(mvn, [...goal, ...wanted], 600_000);
    if (!done.ok) {
      const why = `${done.stdout}\n${done.stderr}`.split('\n').find((line) => line.includes('ERROR')) ?? '';
      throw new SetupRefusal(
        `Maven could not fetch Kafka ${version}; try again, start Docker, or set KAFKA_BROKERS. ${why}`,
      );
    }
    await takePlace(path.join(fresh, 'libs'), libs);
    return libs;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Formatting takes a Java start of its own; the result is the same each time, so it is done once and copied. */
async function formattedFolder(java: string, classes: string): Promise<string> {
  const empty = path.join(cache, 'formatted');
  if (existsSync(empty)) return empty;
  const fresh = await mkdtemp(path.join(cache, 'format-'));
  try {
    const config = path.join(fresh, 'server.properties');
    const data = path.join(fresh, 'data');
    await writeFile(config, properties(data, 9092, 9093));
    const tool = ['-cp', classes, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
    const done = await capture(java, tool, 60_000);
    if (!done.ok)
      throw new SetupRefusal(
        `Kafka's storage could not be formatted: ${done.stderr.trim().split('\n').at(-1)}`,
      );
    await takePlace(data, empty);
    return empty;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Whole or not at all; where another run was faster, its result is as good as ours. */
async function takePlace(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error) => {
    if (!existsSync(to)) throw error;
  });
}

function properties(data: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
`;
}

const pom = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_${scala}</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.1</version></dependency>
  </dependencies>
</project>
`;

const quietLog = `<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`;
