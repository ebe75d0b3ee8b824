import kafkajs, { type Admin, type Producer } from "kafkajs";

/** A producer and an administrator, connected; both outlive a broker that is started again. */
export interface KafkaPeer {
  readonly producer: Producer;
  readonly admin: Admin;
  close(): Promise<void>;
}

export async function connectPeer(broker: string): Promise<KafkaPeer> {
  const retry = { retries: 10, initialRetryTime: 100, maxRetryTime: 500 };
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING, retry });
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner });
  const admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
  return {
    producer,
    admin,
    close: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
}
