import { fetchKafka } from "./real-kafka.ts";

process.stdout.write(`Kafka is in ${await fetchKafka()}\n`);
