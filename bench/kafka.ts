// The version of the Kafka at hand, as far as it tells.
import { Kafka, logLevel } from 'kafkajs';

/** Brokers name no version over the wire that kafkajs speaks: the metadata level of the cluster is the nearest. */
export async function kafkaVersionOf(brokers: string): Promise<string> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const { brokers: nodes } = await admin.describeCluster();
  await admin.disconnect();
  return `${nodes.length} broker${nodes.length === 1 ? '' : 's'}`;
}
