// Kafka for whoever asks: the one named by KAFKA_BROKERS, else one on a Docker engine, else a local broker.
import {
  type DockerWay,
  dockerEngine,
  imageAvailable,
  images,
  startComposeService,
  startContainer,
} from './docker.ts';
import { startLocalBroker } from './kafka-local.ts';
import { clusterAnswers } from './kafka-ready.ts';
import { ready, type Say, SetupRefusal, sayOnStderr } from './program.ts';
import type { ProvideOptions } from './redis.ts';

export interface KafkaService {
  /** As in KAFKA_BROKERS: `host:port,…`. */
  brokers: string;
  source: 'environment' | 'docker' | 'local';
  stop(): Promise<void>;
}

/** Throws {@link SetupRefusal} when no Kafka can be had. */
export async function provideKafka(options: ProvideOptions): Promise<KafkaService> {
  const say = options.say ?? sayOnStderr;
  const given = process.env.KAFKA_BROKERS;
  if (given) return fromEnvironment(given);
  return (await fromDocker(options.docker, say)) ?? (await fromLocalProgram(say));
}

async function fromEnvironment(brokers: string): Promise<KafkaService> {
  if (!(await ready(() => clusterAnswers(brokers), 5_000))) {
    throw new SetupRefusal(
      `Nothing answers at KAFKA_BROKERS (${brokers}); start that Kafka, or unset KAFKA_BROKERS.`,
    );
  }
  return { brokers, source: 'environment', stop: async () => {} };
}

async function fromDocker(way: DockerWay, say: Say): Promise<KafkaService | undefined> {
  if (!(await dockerEngine()) || !(await imageAvailable(images.kafka, say))) return undefined;
  say(`starting Kafka on Docker (${way}) …`);
  try {
    const service =
      way === 'compose'
        ? await startComposeService('kafka', say)
        : await startContainer({ image: images.kafka, port: 9094, environment });
    if (!service) return undefined;
    const brokers = `${service.host}:${service.port}`;
    if (await ready(() => clusterAnswers(brokers), 60_000))
      return { brokers, source: 'docker', stop: service.stop };
    await service.stop();
    say('Kafka on Docker does not answer; using a local program instead');
  } catch (error) {
    say(`Kafka did not start on Docker (${String(error)}); using a local program instead`);
  }
  return undefined;
}

async function fromLocalProgram(say: Say): Promise<KafkaService> {
  const broker = await startLocalBroker(say);
  if (!(await ready(() => clusterAnswers(broker.brokers), 60_000, broker.running))) {
    const why = await broker.lastWords();
    await broker.stop();
    throw new SetupRefusal(`Kafka does not start here (${why}); start one yourself and set KAFKA_BROKERS.`);
  }
  return { brokers: broker.brokers, source: 'local', stop: broker.stop };
}

/** One node that is broker and controller, reached by us through a listener with the published address. */
function environment(host: string, port: number): Record<string, string> {
  return {
    CLUSTER_ID: 'c2x1aWNlLXRlc3RzLW9uZQ',
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENERS: 'CONTROLLER://:9093,OUTSIDE://:9094',
    KAFKA_ADVERTISED_LISTENERS: `OUTSIDE://${host}:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,OUTSIDE:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'OUTSIDE',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_HEAP_OPTS: '-Xmx512m -Xms256m',
  };
}
